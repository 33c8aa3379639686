import pytest

pytestmark = pytest.mark.anyio


async def place(client, headers, **changes):
    body = {"customer_id": 4, "items": [{"product_id": 8, "quantity": 2}]} | changes
    return await client.post("/orders", json=body, headers=headers)


async def test_customers_need_a_token(client):
    assert (await client.get("/customers")).status_code == 401
    assert (await client.get("/orders")).status_code == 401


async def test_customers_are_counted(client, sales):
    page = (await client.get("/customers?country=DE&limit=2", headers=sales)).json()
    assert page["total"] == 3
    assert [customer["id"] for customer in page["items"]] == [1, 2]


async def test_directory_is_sorted_by_name(client, sales):
    entries = (await client.get("/customers/directory", headers=sales)).json()
    names = [entry["name"] for entry in entries]
    assert names == sorted(names)
    assert len(names) >= 5


async def test_customer_with_address(client, sales):
    customer = (await client.get("/customers/1", headers=sales)).json()
    assert customer["mailing_label"] == "Customer 1, Mill street 1, 20095 Hamburg"
    assert len(customer["addresses"]) == 1


async def test_customer_without_address(client, sales):
    customer = (await client.get("/customers/5", headers=sales)).json()
    assert customer["mailing_label"] == "Customer 5, Hamburg, FR"


async def test_create_and_change_customer(client, sales):
    body = {"name": "Zoo shop", "email": "zoo@example.com", "city": "Basel", "country": "CH"}
    created = await client.post("/customers", json=body, headers=sales)
    assert created.status_code == 201
    assert (await client.post("/customers", json=body, headers=sales)).status_code == 409
    path = f"/customers/{created.json()['id']}"
    changed = await client.patch(path, json={"city": "Bern"}, headers=sales)
    assert changed.json()["city"] == "Bern"
    assert changed.json()["name"] == "Zoo shop"


async def test_orders_of_a_customer(client, sales):
    page = (await client.get("/customers/3/orders", headers=sales)).json()
    assert [order["id"] for order in page["items"]] == [5, 2]


async def test_reviews_of_a_customer(client, sales):
    reviews = (await client.get("/customers/3/reviews", headers=sales)).json()
    assert [review["id"] for review in reviews] == [2, 7, 12]


async def test_orders_by_status(client, sales):
    page = (await client.get("/orders?order_status=shipped", headers=sales)).json()
    newest = page["items"][-2:]
    assert [order["id"] for order in newest] == [6, 3]
    assert newest[0]["customer_name"] == "Customer 1"
    assert [item["product_id"] for item in newest[0]["items"]] == [1, 3]


async def test_read_order(client, sales):
    order = (await client.get("/orders/3", headers=sales)).json()
    assert order["number"] == "SO-0000003"
    assert order["payments"] == []
    assert (await client.get("/orders/999", headers=sales)).status_code == 404


async def test_invoice(client, sales):
    invoice = (await client.get("/orders/3/invoice", headers=sales)).json()
    assert [line["tax_percent"] for line in invoice["lines"]] == [10, 10]
    assert invoice["net_cents"] == 4000
    assert invoice["handling_cents"] == 150
    assert invoice["total"] == "€ 45.50"


async def test_picklist_walks_the_aisles(client, sales):
    picklist = (await client.get("/orders/picklist?limit=1", headers=sales)).json()
    assert picklist == [
        {
            "order_id": 2,
            "number": "SO-0000002",
            "lines": [
                {"product_id": 1, "quantity": 1, "location": "A1-01"},
                {"product_id": 3, "quantity": 1, "location": "receiving"},
            ],
        }
    ]


async def test_order_from_cart_to_door(client, sales, admin):
    placed = await place(client, sales)
    assert placed.status_code == 201
    assert placed.json()["total_cents"] == 16_000
    path = f"/orders/{placed.json()['id']}"

    early = await client.post(f"{path}/shipment", headers=admin)
    assert early.status_code == 409
    paid = await client.post(f"{path}/payment", json={"method": "transfer"}, headers=sales)
    assert paid.json()["status"] == "paid"
    assert paid.json()["payments"][0]["amount_cents"] == 16_000
    assert (await client.post(f"{path}/payment", json={}, headers=sales)).status_code == 409
    assert (await client.post(f"{path}/shipment", headers=sales)).status_code == 403
    assert (await client.post(f"{path}/shipment", headers=admin)).json()["status"] == "shipped"
    assert (await client.post(f"{path}/cancellation", headers=sales)).status_code == 409


async def test_cancelled_order_returns_its_stock(client, sales):
    before = (await client.get("/products/8")).json()["stock"]
    lines = [{"product_id": 8, "quantity": 2}, {"product_id": 8, "quantity": 1}]
    placed = await place(client, sales, items=lines)
    assert (await client.get("/products/8")).json()["stock"] == before - 3
    cancelled = await client.post(f"/orders/{placed.json()['id']}/cancellation", headers=sales)
    assert cancelled.json()["status"] == "cancelled"
    assert (await client.get("/products/8")).json()["stock"] == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"customer_id": 999}, "customer 999 does not exist"),
        ({"items": [{"product_id": 6, "quantity": 1}]}, "product 6 is not for sale"),
        ({"items": [{"product_id": 1, "quantity": 900}]}, "only 2 of SKU-1 left"),
    ],
)
async def test_orders_are_refused(client, sales, changes, message):
    response = await place(client, sales, **changes)
    assert response.status_code == 409
    assert response.json() == {"detail": message}


async def test_empty_order_is_invalid(client, sales):
    assert (await place(client, sales, items=[])).status_code == 422
