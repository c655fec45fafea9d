from .pool import Executor as Executor, Item as Item, ItemResult as ItemResult, Workers as Workers
