-- Credentials are part of the catalog: a change moves its version, the gateway's role reads them and no more.
CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_credential
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudapi_gateway') THEN
        GRANT SELECT ON routing_credential TO cloudapi_gateway;
    END IF;
END $$;
