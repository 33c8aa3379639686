import pytest

pytestmark = pytest.mark.anyio


def product(sku: str, **changes) -> dict:
    return {
        "sku": sku,
        "name": "Test stool",
        "price_cents": 2500,
        "weight_grams": 3000,
        "stock": 7,
        "category_id": 2,
        "supplier_id": 1,
    } | changes


async def test_categories_are_listed_in_order(client):
    categories = (await client.get("/categories")).json()
    assert [category["slug"] for category in categories][:2] == ["lamps", "chairs"]


async def test_read_category(client):
    assert (await client.get("/categories/2")).json() == {
        "id": 2,
        "name": "Chairs",
        "slug": "chairs",
        "parent_id": 1,
    }
    assert (await client.get("/categories/999")).status_code == 404


async def test_category_summary(client):
    summary = (await client.get("/categories/1/summary")).json()
    assert summary["active_products"] == 5
    assert summary["retired_products"] == 1
    assert summary["average_price_cents"] == 3500


async def test_category_products(client):
    page = (await client.get("/categories/1/products", params={"limit": 2})).json()
    assert page["total"] == 5
    assert [item["id"] for item in page["items"]] == [1, 2]


async def test_bestsellers(client):
    ranking = (await client.get("/categories/1/bestsellers")).json()
    assert {entry["product_id"] for entry in ranking} >= {1, 3}
    sold = [entry["sold"] for entry in ranking]
    assert sold == sorted(sold, reverse=True)


async def test_create_category(client, admin):
    body = {"name": "Rugs", "slug": "rugs", "tax_percent": 7}
    assert (await client.post("/categories", json=body)).status_code == 401
    assert (await client.post("/categories", json=body, headers=admin)).status_code == 201
    assert (await client.post("/categories", json=body, headers=admin)).status_code == 409
    lost = {"name": "Mats", "slug": "mats", "parent_id": 999}
    assert (await client.post("/categories", json=lost, headers=admin)).status_code == 404


async def test_products_are_paged(client):
    first = (await client.get("/products", params={"limit": 3, "category_id": 1})).json()
    second = (
        await client.get("/products", params={"limit": 3, "offset": 3, "category_id": 1})
    ).json()
    assert [item["id"] for item in first["items"] + second["items"]] == [1, 2, 3, 4, 5]
    assert first["items"][0]["price"] == "€ 10.00"
    assert first["items"][0]["supplier"] == "Steel works"


async def test_products_speak_german(client):
    response = await client.get(
        "/products", params={"limit": 1}, headers={"Accept-Language": "de-AT"}
    )
    assert response.json()["items"][0]["price"] == "10,00 €"


async def test_search_ignores_case(client):
    page = (await client.get("/products", params={"q": "LAMP"})).json()
    assert page["total"] == 5


async def test_limit_is_checked(client):
    assert (await client.get("/products", params={"limit": 0})).status_code == 422
    assert (await client.get("/products", params={"limit": 1000})).status_code == 422


async def test_product_detail(client):
    detail = (await client.get("/products/2")).json()
    assert [image["alt"] for image in detail["images"]] == ["front", "side"]
    assert detail["tags"] == ["new", "gift", "eco"]
    assert [change["price_cents"] for change in detail["price_changes"]] == [1800]
    assert (await client.get("/products/999")).status_code == 404


async def test_create_product(client, admin):
    created = await client.post("/products", json=product("NEW-1"), headers=admin)
    assert created.status_code == 201
    detail = (await client.get(f"/products/{created.json()['id']}")).json()
    assert detail["images"] == []
    again = await client.post("/products", json=product("NEW-1"), headers=admin)
    assert again.status_code == 409
    lost = await client.post("/products", json=product("NEW-2", category_id=999), headers=admin)
    assert lost.status_code == 404


async def test_change_and_retire_product(client, admin):
    created = await client.post("/products", json=product("NEW-3"), headers=admin)
    path = f"/products/{created.json()['id']}"
    changed = await client.patch(path, json={"price_cents": 1900}, headers=admin)
    assert changed.json()["price_cents"] == 1900
    detail = (await client.get(path)).json()
    assert [change["price_cents"] for change in detail["price_changes"]] == [1900]
    assert (await client.delete(path, headers=admin)).status_code == 204
    assert (await client.get(path)).json()["active"] is False


async def test_import_creates_and_updates(client, admin):
    rows = [product("IMP-1"), product("IMP-2"), product("IMP-1", price_cents=99)]
    response = await client.post("/products/import", json=rows, headers=admin)
    assert response.json() == {"created": 2, "updated": 1, "skipped": 0}
    page = (await client.get("/products", params={"q": "stool", "limit": 200})).json()
    prices = {item["sku"]: item["price_cents"] for item in page["items"]}
    assert (prices["IMP-1"], prices["IMP-2"]) == (99, 2500)


async def test_price_list(client, admin):
    await client.post("/products", json=product("PRC-1"), headers=admin)
    rows = [{"sku": "PRC-1", "price_cents": 10}, {"sku": "unknown", "price_cents": 10}]
    response = await client.post("/products/prices", json=rows, headers=admin)
    assert response.json() == {"created": 0, "updated": 1, "skipped": 1}


async def test_price_in_another_currency(client):
    price = (await client.get("/products/1/price", params={"currency": "GBP"})).json()
    assert price["price_cents"] == 845
    assert price["price"] == "£ 8.45"
    unknown = await client.get("/products/1/price", params={"currency": "XXX"})
    assert unknown.status_code == 400


async def test_availability(client):
    availability = (await client.get("/products/2/availability")).json()
    assert availability["in_shop"] == 12
    assert [option["carrier"] for option in availability["delivery"]] == [
        "parcel",
        "express",
        "freight",
    ]


async def test_stock_movements_of_a_product(client):
    movements = (await client.get("/products/4/stock-movements")).json()
    assert [movement["id"] for movement in movements] == [3, 7, 11]


async def test_reviews_of_a_product(client):
    reviews = (await client.get("/products/2/reviews")).json()
    assert [review["id"] for review in reviews] == [1, 5, 9]


async def test_write_and_delete_review(client, sales, admin):
    body = {"customer_id": 1, "rating": 4, "title": "Good"}
    assert (await client.post("/products/7/reviews", json=body)).status_code == 401
    created = await client.post("/products/7/reviews", json=body, headers=sales)
    assert created.status_code == 201
    path = f"/reviews/{created.json()['id']}"
    assert (await client.get(path)).json()["title"] == "Good"
    assert (await client.delete(path, headers=sales)).status_code == 403
    assert (await client.delete(path, headers=admin)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_suppliers(client):
    suppliers = (await client.get("/suppliers")).json()
    assert [contact["role"] for contact in suppliers[0]["contacts"]] == ["sales", "billing"]
    assert len(suppliers[0]["certificates"]) == 3


async def test_create_and_change_supplier(client, admin):
    body = {"name": "Cork works", "country": "PT"}
    created = await client.post("/suppliers", json=body, headers=admin)
    assert created.status_code == 201
    assert created.json()["contacts"] == []
    path = f"/suppliers/{created.json()['id']}"
    changed = await client.patch(path, json={"active": False}, headers=admin)
    assert changed.json()["active"] is False
    assert (await client.get(path)).json() == changed.json()
