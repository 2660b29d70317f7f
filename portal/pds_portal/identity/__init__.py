"""Who asks: access tokens, the keys that verify them, the cookies that keep them."""
