import pytest

pytestmark = pytest.mark.anyio


async def test_login_gives_a_token(client):
    form = {"username": "sales@example.com", "password": "sales-password"}
    response = await client.post("/login", data=form)
    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"


@pytest.mark.parametrize(
    ("username", "password"),
    [("sales@example.com", "wrong-password"), ("nobody@example.com", "sales-password")],
)
async def test_login_refuses(client, username, password):
    response = await client.post("/login", data={"username": username, "password": password})
    assert response.status_code == 401
    assert response.json() == {"detail": "Wrong email or password"}


async def test_me(client, sales):
    response = await client.get("/me", headers=sales)
    assert response.json()["email"] == "sales@example.com"
    assert response.json()["is_admin"] is False


async def test_me_needs_a_token(client):
    assert (await client.get("/me")).status_code == 401
    bad = {"Authorization": "Bearer nonsense"}
    assert (await client.get("/me", headers=bad)).status_code == 401


async def test_register_then_change_password(client):
    account = {"email": "new@example.com", "password": "first-password"}
    created = await client.post("/users", json=account)
    assert created.status_code == 201
    assert (await client.post("/users", json=account)).status_code == 409

    form = {"username": account["email"], "password": account["password"]}
    token = (await client.post("/login", data=form)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    wrong = {"old_password": "not-this-one", "new_password": "second-password"}
    assert (await client.post("/me/password", json=wrong, headers=headers)).status_code == 400
    right = {"old_password": "first-password", "new_password": "second-password"}
    assert (await client.post("/me/password", json=right, headers=headers)).status_code == 204
    assert (await client.post("/login", data=form)).status_code == 401


async def test_admin_routes_refuse_others(client, sales):
    for path in ("/admin/stats", "/admin/users", "/admin/pricing"):
        assert (await client.get(path, headers=sales)).status_code == 403


async def test_admin_lists_users(client, admin):
    response = await client.get("/admin/users", headers=admin)
    emails = [user["email"] for user in response.json()]
    assert emails[:2] == ["admin@example.com", "sales@example.com"]


async def test_admin_stats_count_rows(client, admin):
    stats = (await client.get("/admin/stats", headers=admin)).json()
    assert stats["customers"] >= 5
    assert stats["open_orders"] >= 3
    assert stats["low_ratings"] >= 4
    assert stats["reviews"] >= stats["low_ratings"]


async def test_admin_reads_pricing(client, admin):
    pricing = (await client.get("/admin/pricing", headers=admin)).json()
    assert pricing["currency"] == "EUR"
    assert pricing["free_shipping_from_cents"] == 5000
