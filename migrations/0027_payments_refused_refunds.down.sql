DROP INDEX payments_refused_refunds;
