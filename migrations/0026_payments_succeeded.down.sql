DROP INDEX payments_succeeded;
