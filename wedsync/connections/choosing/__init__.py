"""Lists at an account to choose from: `choices` reads them, `kept_choices` keeps them."""
