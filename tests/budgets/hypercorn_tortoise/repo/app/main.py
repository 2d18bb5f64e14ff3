from fastapi import FastAPI
from tortoise.contrib.fastapi import register_tortoise

app = FastAPI()

TORTOISE = {
    "connections": {
        "default": {
            "engine": "tortoise.backends.asyncpg",
            "credentials": {"host": "db", "port": 5432, "user": "app", "database": "app", "minsize": 2, "maxsize": 8},
        }
    },
    "apps": {"models": {"models": ["app.models"], "default_connection": "default"}},
}

register_tortoise(app, config=TORTOISE)
