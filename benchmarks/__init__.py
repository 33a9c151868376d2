"""What the performance goals are measured with. Nothing here is part of the product."""
