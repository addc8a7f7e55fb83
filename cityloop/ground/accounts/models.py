"""Organisations, posts and the people who hold them."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models

from cityloop.core.units import Axis


class Organisation(models.Model):
    """A body that answers for something: city, district, street, department, unit, company."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    names = models.JSONField(default=dict)
    kind = models.CharField(max_length=30, default="department")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    path = ArrayField(models.BigIntegerField(), default=list)
    """Ids from the top down to this organisation itself."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "accounts_organisation"


class Post(models.Model):
    """A place in an organisation with an area, an axis and a role; the role carries the permissions."""

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=30)
    axis = models.CharField(max_length=12, choices=[(axis.value, axis.value) for axis in Axis])
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    area = models.ForeignKey("places.Area", on_delete=models.PROTECT, null=True)
    """None: the whole city."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "accounts_post"


class User(AbstractUser):
    """A person or a machine that signs in; what it may do comes from the posts it holds."""

    class Meta:
        db_table = "accounts_user"


class Tenure(models.Model):
    """Who holds a post from when to when."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tenures")
    post = models.ForeignKey(Post, on_delete=models.PROTECT)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_tenure"
        constraints = [models.UniqueConstraint(fields=["user", "post", "valid_from"], name="accounts_tenure_once")]


class Token(models.Model):
    """A sign-in for the API. Only the digest of the secret is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    label = models.CharField(max_length=100, default="")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_token"
