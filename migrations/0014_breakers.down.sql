DROP TABLE breaker_resets;
DROP TABLE breakers;
