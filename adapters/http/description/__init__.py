"""The API's own description (OpenAPI 3.1), made of the shapes that requests are checked by and of
the objects that answers are made of."""
