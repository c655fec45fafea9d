from .pool import Done as Done, Executor as Executor, Item as Item, Workers as Workers
