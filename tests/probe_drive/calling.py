"""An application that calls other services with every client, sends mail and publishes tasks."""

from __future__ import annotations

APP = """\
import asyncio
import concurrent.futures
import smtplib
import socket
import threading
import urllib.request
from email.message import EmailMessage

import aiohttp
import aiosmtplib
import httpx
import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
PLACE = "https://rates.example.com/v1/rate?of=eur"


def told(error):
    return {"error": type(error).__name__, "caught": isinstance(error, (OSError, httpx.ConnectError, aiohttp.ClientError))}


@app.get("/requests")
def by_requests():
    try:
        return requests.get(PLACE, timeout=5).json()
    except requests.ConnectionError as error:
        return told(error)


@app.get("/urllib")
def by_urllib():
    try:
        with urllib.request.urlopen(PLACE) as answer:
            return {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.URLError as error:
        return told(error)


@app.get("/httpx")
def by_httpx():
    try:
        return httpx.get(PLACE).json()
    except httpx.ConnectError as error:
        return told(error)


@app.get("/httpx-async")
async def by_httpx_async():
    async with httpx.AsyncClient() as client:
        try:
            answers = [await client.get(PLACE), await client.get(PLACE)]
        except httpx.ConnectError as error:
            return told(error)
    return [answer.json() for answer in answers]


@app.get("/aiohttp")
async def by_aiohttp():
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(PLACE) as answer:
                return await answer.json()
        except aiohttp.ClientConnectorError as error:
            return told(error)


@app.post("/pay")
async def pay(amount: int, background: BackgroundTasks):
    async with httpx.AsyncClient(base_url="https://bank.example.com") as client:
        answer = await client.post("/payments", json={"amount": amount}, headers={"authorization": "secret"})
    background.add_task(requests.post, "https://audit.example.com/log", data="paid")
    return {"status": answer.status_code, "id": answer.headers["x-id"]}


@app.get("/redirected")
def redirected():
    answer = httpx.get("https://old.example.com/", follow_redirects=True)
    return [answer.status_code, str(answer.url), answer.text]


@app.get("/looked-up")
async def looked_up():
    found = await asyncio.get_running_loop().getaddrinfo("old.example.com", 443)
    return [socket.gethostbyname("old.example.com"), found[0][4][0]]


def letter():
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "ann@example.com", "Paid"
    mail.set_content("Thank you.\\n.\\nBye\\n")
    mail.add_alternative("<p>Thank you.</p>", subtype="html")
    return mail


@app.get("/mail")
def by_smtplib():
    with smtplib.SMTP("mail.example.com", 587) as server:
        server.starttls()
        server.login("me", "secret")
        server.send_message(letter(), to_addrs=["ann@example.com", "bcc@example.com"])


@app.get("/mail-tls")
def by_smtplib_tls():
    with smtplib.SMTP_SSL("localhost", 465) as server:
        server.send_message(letter())


@app.get("/mail-bare")
def by_smtplib_bare():
    with smtplib.SMTP("mail.example.com", 25) as server:
        server.send_message(letter())


@app.get("/mail-async")
async def by_aiosmtplib():
    await aiosmtplib.send(letter(), hostname="mail.example.com", port=587, start_tls=True, username="me", password="x")
    await aiosmtplib.send(letter(), hostname="mail.example.com", port=465, use_tls=True)


@app.get("/elsewhere")
async def elsewhere():
    def call(name):
        try:
            requests.get(f"https://{name}.example.com/")
        except requests.ConnectionError:
            pass

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, call, "executor")
    thread = threading.Thread(target=call, args=("telemetry",), daemon=True)
    thread.start()
    thread.join()
    try:
        await asyncio.open_connection("queue.example.com", 6379)
    except OSError:
        return None
"""

TASKS = """\
import arq
import arq.connections
import celery
import taskiq
from fastapi import FastAPI

app = FastAPI()
queue = celery.Celery(broker="redis://queue.example.com/0")
eager = celery.Celery()
eager.conf.task_always_eager = True
ran = []


@queue.task(name="shop.bill")
def bill(order, *, due=None):
    raise AssertionError("no worker runs here")


@eager.task(name="shop.at_once")
def at_once(order):
    ran.append(order)


class Broker(taskiq.AsyncBroker):
    async def kick(self, message):
        raise AssertionError("nothing is published")

    async def listen(self):
        yield b""


broker = Broker()
here = taskiq.InMemoryBroker()


@broker.task(task_name="shop.ship")
async def ship(order):
    raise AssertionError


@here.task(task_name="shop.note")
async def note(order):
    ran.append(order)


@app.get("/celery")
def by_celery():
    one = bill.delay(7, due="now")
    bill.apply_async((8,), countdown=60, queue="slow")
    at_once.delay(3)
    (bill.s(1) | bill.s()).apply_async()
    return [bool(one.id), ran.pop()]


@app.get("/taskiq")
async def by_taskiq():
    await ship.kiq(7)
    await (await note.kiq(5)).wait_result(timeout=2)
    return ran.pop()


@app.get("/arq")
async def by_arq():
    pool = arq.connections.ArqRedis()
    job = await pool.enqueue_job("remind", 7, _defer_by=60, why="late")
    return job.job_id
"""
