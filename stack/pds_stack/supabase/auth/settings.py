"""How the auth stand-in is configured, in what a project's owner could set."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pds_stack.supabase.keys import Algorithm

# What Supabase gives a new project.
DEFAULT_SITE_URL = "http://localhost:3000"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AuthSettings(BaseModel):
    """The configuration; a test changes it under ``/_control/auth``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    site_url: str = Field(DEFAULT_SITE_URL, description="the application's address, where links of mails lead")
    autoconfirm: bool = Field(default=True, description="sign-up signs in; false: the address is confirmed by mail")
    signing: Algorithm = Field("HS256", description="how access tokens are signed")
    access_token_seconds: Annotated[int, Field(ge=1)] = Field(3600, description="how long an access token is good for")
    reuse_seconds: Seconds = Field(10.0, description="how long a used refresh token may be used again")
    mail_interval_seconds: Seconds = Field(60.0, description="from one mail to an address to the next")
    confirmation_seconds: Seconds = Field(3600.0, description="how long a mail's link is good for")
