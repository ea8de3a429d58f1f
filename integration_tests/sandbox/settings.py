"""What may change while a sandbox runs: by its command line and by /_sandbox/settings."""


class CheckedSettings:
    """The base of a dataclass whose fields are the settings, each with its default.

    CHOICES {name: texts} names those that are one of a few texts, TEXTS those that are any text,
    POSITIVE the numbers that must not be 0. Every other is a number, 0 or more.
    """

    CHOICES = {}
    TEXTS = ()
    POSITIVE = ()

    def change(self, values):
        """Set some of them; on, off and numbers may be given as JSON has them or as texts."""
        changes = {name: self.checked(name, value) for name, value in values.items()}
        for name, value in changes.items():
            setattr(self, name, value)

    def checked(self, name, value):
        """A value as it is kept. Raises ValueError."""
        if name not in vars(self):
            raise ValueError(f"no setting {name}")
        if name in self.CHOICES or name in self.TEXTS:
            if value is None or isinstance(value, bool):
                value = "on" if value else "off"
            value = str(value)
            if value not in self.CHOICES.get(name, (value,)):
                raise ValueError(f"{name} is one of {', '.join(self.CHOICES[name])}")
            return value
        number = -1 if value is None or isinstance(value, (bool, list, dict)) else float(value)
        if not 0 <= number < float("inf") or (name in self.POSITIVE and number == 0):
            raise ValueError(f"{name} is a number, not negative")
        return int(number) if number.is_integer() else number

    def add_options(self, parser):
        """An option for each: --push-ms-per-row; that of latency_ms is --latency."""
        parser.add_argument("--latency", metavar="MS", dest="latency_ms")
        for name, value in vars(self).items():
            if name != "latency_ms":
                parser.add_argument(
                    f"--{name.replace('_', '-')}", choices=self.CHOICES.get(name),
                    metavar=None if name in self.CHOICES else "N", help=f"default: {value}")

    def follow(self, options):
        """Take over the options that were given."""
        self.change({name: getattr(options, name) for name in vars(self)
                     if getattr(options, name) is not None})
        return self
