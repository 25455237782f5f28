"""Who calls: tokens, JSON Web Tokens and client certificates. The link is ``interceptors/auth.py``."""
