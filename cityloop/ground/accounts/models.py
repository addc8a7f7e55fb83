"""Organisations, posts and the people who hold them."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cityloop.core import texts
from cityloop.core.units import Axis


class Organisation(models.Model):
    """A body that answers for something: city, district, street, department, unit, company."""

    code = models.CharField(max_length=40, unique=True, verbose_name=_("code"))
    name = models.CharField(max_length=200, verbose_name=_("name"))
    names = models.JSONField(default=dict)
    kind = models.CharField(max_length=30, default="department", verbose_name=_("kind"))
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="children", verbose_name=_("above it")
    )
    path = ArrayField(models.BigIntegerField(), default=list)
    """Ids from the top down to this organisation itself."""
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))

    class Meta:
        db_table = "accounts_organisation"
        verbose_name = _("Organisation")
        verbose_name_plural = _("Organisations")

    def __str__(self) -> str:
        return f"{self.code} {self.names.get(texts.spoken(), self.name)}"


class Post(models.Model):
    """A place in an organisation with an area, an axis and a role; the role carries the permissions."""

    code = models.CharField(max_length=60, unique=True, verbose_name=_("code"))
    name = models.CharField(max_length=200, verbose_name=_("name"))
    role = models.CharField(max_length=30, verbose_name=_("role"))
    axis = models.CharField(max_length=12, choices=[(axis.value, axis.value) for axis in Axis], verbose_name=_("axis"))
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, verbose_name=_("organisation"))
    area = models.ForeignKey("places.Area", on_delete=models.PROTECT, null=True, verbose_name=_("area"))
    """None: the whole city."""
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))

    class Meta:
        db_table = "accounts_post"
        verbose_name = _("Post")
        verbose_name_plural = _("Posts")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class User(AbstractUser):
    """A person or a machine that signs in; what it may do comes from the posts it holds."""

    demo = models.BooleanField(default=False, verbose_name=_("demo account"))
    """Its password stands on the sign-in page: only in a database that `demo` made."""
    sign_ins_ended = models.PositiveIntegerField(default=0)
    """How often all sessions of this user were ended at once; part of what a session is checked against."""

    class Meta:
        db_table = "accounts_user"
        verbose_name = _("User")
        verbose_name_plural = _("Users")

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session made before the password changed, or before all were ended, no longer fits."""
        salt = "cityloop.ground.accounts.session"
        return salted_hmac(
            salt, f"{self.sign_ins_ended}:{self.password}", secret=secret, algorithm="sha256"
        ).hexdigest()


class Tenure(models.Model):
    """Who holds a post from when to when."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tenures", verbose_name=_("user"))
    post = models.ForeignKey(Post, on_delete=models.PROTECT, verbose_name=_("post"))
    valid_from = models.DateTimeField(verbose_name=_("held from"))
    valid_to = models.DateTimeField(null=True, verbose_name=_("held until"))

    class Meta:
        db_table = "accounts_tenure"
        verbose_name = _("Tenure")
        verbose_name_plural = _("Tenures")
        constraints = [models.UniqueConstraint(fields=["user", "post", "valid_from"], name="accounts_tenure_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.post}"


class Token(models.Model):
    """A sign-in for the API. Only the digest of the secret is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    label = models.CharField(max_length=100, default="")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_token"


class SavedFilter(models.Model):
    """A list as somebody likes to see it: the query of a page's address, under a name of their own."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    query = models.CharField(max_length=2000)

    class Meta:
        db_table = "accounts_savedfilter"
        constraints = [models.UniqueConstraint(fields=["user", "page", "name"], name="accounts_savedfilter_named")]
