"""What several tests stand on: adapters that do at once what threads do in the server, people, and whole servers."""
