"""The services of each connector."""

from torture.tried_dust import Documents, Tables
from torture.tried_luzmo import Luzmo
from torture.tried_pendo import Pendo, PendoIgnores, PendoUpdates

KINDS = {"dust": (Tables, Documents), "luzmo": (Luzmo,),
         "pendo": (Pendo, PendoUpdates, PendoIgnores)}
