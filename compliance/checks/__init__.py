"""The checks that come with hutong: pure functions of bounded cost, run in process. `registry` lists them."""
