"""Small pictures of images: decoded in processes of their own, which may die without harm."""
