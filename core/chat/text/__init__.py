"""Text on its way to and from people: splitting, mathematics, mentions, speakers. All pure."""
