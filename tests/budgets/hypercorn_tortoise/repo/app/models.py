from tortoise import fields, models


class Order(models.Model):
    id = fields.IntField(primary_key=True)
