"""What a vendor wants done: the shelves of the marketplace."""

GOALS = {
    "paid": "Get paid",
    "guests": "Know who comes",
    "send": "Send things",
    "dates": "Keep dates",
    "photos": "Deliver photos",
    "build": "Build your own",
}
