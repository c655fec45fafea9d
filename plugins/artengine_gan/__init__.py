"""Draw faces, teach two networks to invent more of them, and do sums with faces."""
