"""Running Bypuls on a server: secrets, certificates, acceptance. No part of the package, and imports little of it."""
