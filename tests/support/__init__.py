"""What tests share: fakes of the ports, things to put into a directory, and the ledger of refusals."""
