"""`python -m accredit` is the command `accredit`."""

from accredit.cli import main

if __name__ == "__main__":
    main()
