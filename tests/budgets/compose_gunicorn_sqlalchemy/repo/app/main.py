from fastapi import FastAPI

from app.db import engine

app = FastAPI()


@app.get("/")
async def root() -> dict[str, int]:
    async with engine.connect() as connection:
        return {"ok": 1}
