return "1"
