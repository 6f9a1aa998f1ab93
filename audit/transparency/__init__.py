"""Key transparency: one list of everybody's newest identity statement, the same for all who look."""
