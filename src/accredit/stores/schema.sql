CREATE TABLE assertions_used (
  "key" BLOB NOT NULL,
  until BIGINT NOT NULL,
  tokens BIGINT NOT NULL,
  address TEXT NOT NULL,
  CONSTRAINT pk_assertions_used PRIMARY KEY ("key")
)
 WITHOUT ROWID;
CREATE TABLE audits (
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  tenant_id TEXT,
  activity TEXT NOT NULL,
  body BLOB NOT NULL,
  activity_folded TEXT,
  correlation_id TEXT,
  operation_folded TEXT,
  actor_app_id TEXT,
  CONSTRAINT pk_audits PRIMARY KEY (id)
);
CREATE INDEX ix_audits_tenant_id_actor_app_id ON audits (tenant_id, actor_app_id);
CREATE INDEX ix_audits_tenant_id_at ON audits (tenant_id, at);
CREATE INDEX ix_audits_tenant_id_correlation_id ON audits (tenant_id, correlation_id);
CREATE TABLE changes (
  version BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  CONSTRAINT pk_changes PRIMARY KEY (version, "key")
);
CREATE TABLE claim_sets (
  id BLOB NOT NULL,
  day BIGINT NOT NULL,
  body BLOB NOT NULL,
  CONSTRAINT pk_claim_sets PRIMARY KEY (id)
);
CREATE TABLE configuration (
  id INTEGER NOT NULL,
  version BIGINT NOT NULL,
  CONSTRAINT pk_configuration PRIMARY KEY (id),
  CONSTRAINT ck_configuration_one_row CHECK (id = 1)
);
CREATE TABLE emitted_issuers (
  issuer TEXT NOT NULL,
  CONSTRAINT pk_emitted_issuers PRIMARY KEY (issuer)
);
CREATE TABLE exports (
  name TEXT NOT NULL,
  seq BIGINT NOT NULL,
  pending BLOB,
  CONSTRAINT pk_exports PRIMARY KEY (name)
);
CREATE TABLE portal_links (
  id BLOB NOT NULL,
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  CONSTRAINT pk_portal_links PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE portal_sessions (
  id BLOB NOT NULL,
  made_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  body BLOB NOT NULL,
  CONSTRAINT pk_portal_sessions PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE schema_version (
  version_num VARCHAR(32) NOT NULL,
  CONSTRAINT schema_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE signin_days (
  day INTEGER NOT NULL,
  CONSTRAINT pk_signin_days PRIMARY KEY (day)
);
CREATE TABLE signin_hours (
  tenant_id BLOB NOT NULL,
  day BIGINT NOT NULL,
  app_id BLOB NOT NULL,
  code BIGINT NOT NULL,
  credential BLOB NOT NULL,
  resource_app_id BLOB NOT NULL,
  h00 BIGINT DEFAULT 0 NOT NULL,
  h01 BIGINT DEFAULT 0 NOT NULL,
  h02 BIGINT DEFAULT 0 NOT NULL,
  h03 BIGINT DEFAULT 0 NOT NULL,
  h04 BIGINT DEFAULT 0 NOT NULL,
  h05 BIGINT DEFAULT 0 NOT NULL,
  h06 BIGINT DEFAULT 0 NOT NULL,
  h07 BIGINT DEFAULT 0 NOT NULL,
  h08 BIGINT DEFAULT 0 NOT NULL,
  h09 BIGINT DEFAULT 0 NOT NULL,
  h10 BIGINT DEFAULT 0 NOT NULL,
  h11 BIGINT DEFAULT 0 NOT NULL,
  h12 BIGINT DEFAULT 0 NOT NULL,
  h13 BIGINT DEFAULT 0 NOT NULL,
  h14 BIGINT DEFAULT 0 NOT NULL,
  h15 BIGINT DEFAULT 0 NOT NULL,
  h16 BIGINT DEFAULT 0 NOT NULL,
  h17 BIGINT DEFAULT 0 NOT NULL,
  h18 BIGINT DEFAULT 0 NOT NULL,
  h19 BIGINT DEFAULT 0 NOT NULL,
  h20 BIGINT DEFAULT 0 NOT NULL,
  h21 BIGINT DEFAULT 0 NOT NULL,
  h22 BIGINT DEFAULT 0 NOT NULL,
  h23 BIGINT DEFAULT 0 NOT NULL,
  CONSTRAINT pk_signin_hours PRIMARY KEY (tenant_id, day, app_id, code, credential, resource_app_id)
)
 WITHOUT ROWID;
CREATE TABLE signin_resources (
  tenant_id BLOB NOT NULL,
  day BIGINT NOT NULL,
  code BIGINT NOT NULL,
  resource_app_id BLOB NOT NULL,
  h00 BIGINT DEFAULT 0 NOT NULL,
  h01 BIGINT DEFAULT 0 NOT NULL,
  h02 BIGINT DEFAULT 0 NOT NULL,
  h03 BIGINT DEFAULT 0 NOT NULL,
  h04 BIGINT DEFAULT 0 NOT NULL,
  h05 BIGINT DEFAULT 0 NOT NULL,
  h06 BIGINT DEFAULT 0 NOT NULL,
  h07 BIGINT DEFAULT 0 NOT NULL,
  h08 BIGINT DEFAULT 0 NOT NULL,
  h09 BIGINT DEFAULT 0 NOT NULL,
  h10 BIGINT DEFAULT 0 NOT NULL,
  h11 BIGINT DEFAULT 0 NOT NULL,
  h12 BIGINT DEFAULT 0 NOT NULL,
  h13 BIGINT DEFAULT 0 NOT NULL,
  h14 BIGINT DEFAULT 0 NOT NULL,
  h15 BIGINT DEFAULT 0 NOT NULL,
  h16 BIGINT DEFAULT 0 NOT NULL,
  h17 BIGINT DEFAULT 0 NOT NULL,
  h18 BIGINT DEFAULT 0 NOT NULL,
  h19 BIGINT DEFAULT 0 NOT NULL,
  h20 BIGINT DEFAULT 0 NOT NULL,
  h21 BIGINT DEFAULT 0 NOT NULL,
  h22 BIGINT DEFAULT 0 NOT NULL,
  h23 BIGINT DEFAULT 0 NOT NULL,
  CONSTRAINT pk_signin_resources PRIMARY KEY (tenant_id, day, code, resource_app_id)
)
 WITHOUT ROWID;
CREATE TABLE signin_totals (
  tenant_id BLOB NOT NULL,
  day BIGINT NOT NULL,
  code BIGINT NOT NULL,
  h00 BIGINT DEFAULT 0 NOT NULL,
  h01 BIGINT DEFAULT 0 NOT NULL,
  h02 BIGINT DEFAULT 0 NOT NULL,
  h03 BIGINT DEFAULT 0 NOT NULL,
  h04 BIGINT DEFAULT 0 NOT NULL,
  h05 BIGINT DEFAULT 0 NOT NULL,
  h06 BIGINT DEFAULT 0 NOT NULL,
  h07 BIGINT DEFAULT 0 NOT NULL,
  h08 BIGINT DEFAULT 0 NOT NULL,
  h09 BIGINT DEFAULT 0 NOT NULL,
  h10 BIGINT DEFAULT 0 NOT NULL,
  h11 BIGINT DEFAULT 0 NOT NULL,
  h12 BIGINT DEFAULT 0 NOT NULL,
  h13 BIGINT DEFAULT 0 NOT NULL,
  h14 BIGINT DEFAULT 0 NOT NULL,
  h15 BIGINT DEFAULT 0 NOT NULL,
  h16 BIGINT DEFAULT 0 NOT NULL,
  h17 BIGINT DEFAULT 0 NOT NULL,
  h18 BIGINT DEFAULT 0 NOT NULL,
  h19 BIGINT DEFAULT 0 NOT NULL,
  h20 BIGINT DEFAULT 0 NOT NULL,
  h21 BIGINT DEFAULT 0 NOT NULL,
  h22 BIGINT DEFAULT 0 NOT NULL,
  h23 BIGINT DEFAULT 0 NOT NULL,
  CONSTRAINT pk_signin_totals PRIMARY KEY (tenant_id, day, code)
)
 WITHOUT ROWID;
CREATE TABLE signin_uses (
  tenant_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  credential BLOB NOT NULL,
  hour BIGINT NOT NULL,
  last_at BIGINT,
  last_id BLOB,
  last_address TEXT,
  grants BIGINT NOT NULL,
  refusals BIGINT NOT NULL,
  CONSTRAINT pk_signin_uses PRIMARY KEY (tenant_id, app_id, credential)
)
 WITHOUT ROWID;
CREATE TABLE signing_keys (
  seq INTEGER NOT NULL,
  kid TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  CONSTRAINT pk_signing_keys PRIMARY KEY (seq),
  CONSTRAINT uq_signing_keys_kid UNIQUE (kid)
);
CREATE TABLE signins (
  seq INTEGER NOT NULL,
  id BLOB NOT NULL,
  at BIGINT NOT NULL,
  tenant_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  code BIGINT NOT NULL,
  credential_id BLOB,
  correlation_id BLOB,
  resource_app_id BLOB,
  address TEXT NOT NULL,
  proof TEXT NOT NULL,
  count BIGINT NOT NULL,
  body BLOB NOT NULL,
  key_id BLOB,
  claims BLOB,
  CONSTRAINT pk_signins PRIMARY KEY (seq),
  CONSTRAINT uq_signins_id UNIQUE (id)
);
CREATE INDEX ix_signins_correlation ON signins (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX ix_signins_failures ON signins (tenant_id, seq, code) WHERE code <> 0;
CREATE TABLE signins_ahead (
  seq INTEGER NOT NULL,
  app_id BLOB NOT NULL,
  CONSTRAINT pk_signins_ahead PRIMARY KEY (seq)
);
CREATE TABLE signins_by_application (
  day BIGINT NOT NULL,
  app_id BLOB NOT NULL,
  at BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  code BIGINT NOT NULL,
  CONSTRAINT pk_signins_by_application PRIMARY KEY (day, app_id, at, seq)
)
 WITHOUT ROWID;
CREATE TABLE signins_by_minute (
  minute BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  CONSTRAINT pk_signins_by_minute PRIMARY KEY (minute)
)
 WITHOUT ROWID;
CREATE TABLE signins_indexed (
  id INTEGER NOT NULL,
  seq BIGINT NOT NULL,
  totals BIGINT NOT NULL,
  hours BIGINT NOT NULL,
  uses BIGINT NOT NULL,
  CONSTRAINT pk_signins_indexed PRIMARY KEY (id),
  CONSTRAINT ck_signins_indexed_one_row CHECK (id = 1)
);
CREATE TABLE tenants (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  CONSTRAINT pk_tenants PRIMARY KEY (seq),
  CONSTRAINT uq_tenants_id UNIQUE (id)
);
CREATE TABLE applications (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  unique_name TEXT,
  display_name_folded TEXT,
  created_at BIGINT,
  sign_in_audience_folded TEXT,
  disabled BOOLEAN,
  public BOOLEAN,
  CONSTRAINT pk_applications PRIMARY KEY (seq),
  CONSTRAINT uq_applications_tenant_id_id UNIQUE (tenant_id, id),
  CONSTRAINT uq_applications_tenant_id_app_id UNIQUE (tenant_id, app_id),
  CONSTRAINT uq_applications_id UNIQUE (id),
  CONSTRAINT fk_applications_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_applications_app_id ON applications (app_id);
CREATE INDEX ix_applications_tenant_id_created_at_id ON applications (tenant_id, created_at, id);
CREATE INDEX ix_applications_tenant_id_display_name ON applications (tenant_id, display_name);
CREATE INDEX ix_applications_tenant_id_display_name_folded_id ON applications (tenant_id, display_name_folded, id);
CREATE UNIQUE INDEX ix_applications_tenant_id_unique_name ON applications (tenant_id, unique_name);
CREATE TABLE audit_elements (
  tenant_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  property TEXT NOT NULL,
  folded TEXT NOT NULL,
  CONSTRAINT pk_audit_elements PRIMARY KEY (tenant_id, owner_id, property, folded),
  CONSTRAINT fk_audit_elements_owner_id FOREIGN KEY(owner_id) REFERENCES audits (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_audit_elements_tenant_id_property_folded ON audit_elements (tenant_id, property, folded);
CREATE TABLE domains (
  domain TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  CONSTRAINT pk_domains PRIMARY KEY (domain),
  CONSTRAINT fk_domains_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_domains_tenant_id ON domains (tenant_id);
CREATE TABLE issuers (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  url TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  url_folded TEXT,
  CONSTRAINT pk_issuers PRIMARY KEY (seq),
  CONSTRAINT uq_issuers_tenant_id_id UNIQUE (tenant_id, id),
  CONSTRAINT uq_issuers_id UNIQUE (id),
  CONSTRAINT fk_issuers_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_issuers_tenant_id_url ON issuers (tenant_id, url);
CREATE TABLE role_mappings (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT,
  place TEXT NOT NULL,
  claimed TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  CONSTRAINT pk_role_mappings PRIMARY KEY (seq),
  CONSTRAINT uq_role_mappings_place_claimed UNIQUE (place, claimed),
  CONSTRAINT uq_role_mappings_id UNIQUE (id),
  CONSTRAINT fk_role_mappings_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_role_mappings_tenant_id ON role_mappings (tenant_id);
CREATE TABLE application_elements (
  tenant_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  property TEXT NOT NULL,
  folded TEXT NOT NULL,
  CONSTRAINT pk_application_elements PRIMARY KEY (tenant_id, owner_id, property, folded),
  CONSTRAINT fk_application_elements_tenant_id_owner_id FOREIGN KEY(tenant_id, owner_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_application_elements_tenant_id_property_folded ON application_elements (tenant_id, property, folded);
CREATE TABLE credentials (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  issuer_id TEXT NOT NULL,
  name TEXT NOT NULL,
  subject TEXT,
  expression TEXT,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  name_folded TEXT,
  subject_folded TEXT,
  CONSTRAINT pk_credentials PRIMARY KEY (seq),
  CONSTRAINT uq_credentials_application_id_name UNIQUE (application_id, name),
  CONSTRAINT uq_credentials_application_id_issuer_id_subject UNIQUE (application_id, issuer_id, subject),
  CONSTRAINT uq_credentials_application_id_issuer_id_expression UNIQUE (application_id, issuer_id, expression),
  CONSTRAINT fk_credentials_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_credentials_tenant_id_issuer_id FOREIGN KEY(tenant_id, issuer_id) REFERENCES issuers (tenant_id, id),
  CONSTRAINT uq_credentials_id UNIQUE (id)
);
CREATE INDEX ix_credentials_tenant_id_application_id ON credentials (tenant_id, application_id);
CREATE INDEX ix_credentials_tenant_id_id ON credentials (tenant_id, id);
CREATE INDEX ix_credentials_tenant_id_issuer_id ON credentials (tenant_id, issuer_id);
CREATE TABLE issuer_documents (
  tenant_id TEXT NOT NULL,
  issuer_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  digest TEXT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  document BLOB NOT NULL,
  CONSTRAINT pk_issuer_documents PRIMARY KEY (tenant_id, issuer_id, kind, digest),
  CONSTRAINT fk_issuer_documents_tenant_id_issuer_id FOREIGN KEY(tenant_id, issuer_id) REFERENCES issuers (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE issuer_fetches (
  tenant_id TEXT NOT NULL,
  issuer_id TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL,
  result TEXT NOT NULL,
  reason TEXT NOT NULL,
  fetches BIGINT NOT NULL,
  took BIGINT NOT NULL,
  CONSTRAINT pk_issuer_fetches PRIMARY KEY (tenant_id, issuer_id, since),
  CONSTRAINT fk_issuer_fetches_tenant_id_issuer_id FOREIGN KEY(tenant_id, issuer_id) REFERENCES issuers (tenant_id, id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE issuer_keys (
  tenant_id TEXT NOT NULL,
  issuer_id TEXT NOT NULL,
  thumbprint TEXT NOT NULL,
  kid TEXT NOT NULL,
  alg TEXT NOT NULL,
  kty TEXT NOT NULL,
  size BIGINT NOT NULL,
  source TEXT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  gone_at BIGINT,
  CONSTRAINT pk_issuer_keys PRIMARY KEY (tenant_id, issuer_id, thumbprint, kid),
  CONSTRAINT fk_issuer_keys_tenant_id_issuer_id FOREIGN KEY(tenant_id, issuer_id) REFERENCES issuers (tenant_id, id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_issuer_keys_tenant_id_thumbprint ON issuer_keys (tenant_id, thumbprint);
CREATE TABLE principals (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  application_id TEXT,
  display_name TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  display_name_folded TEXT,
  enabled BOOLEAN,
  assignment_required BOOLEAN,
  owner_tenant_id TEXT,
  created_at BIGINT,
  CONSTRAINT pk_principals PRIMARY KEY (seq),
  CONSTRAINT uq_principals_tenant_id_id UNIQUE (tenant_id, id),
  CONSTRAINT uq_principals_tenant_id_app_id UNIQUE (tenant_id, app_id),
  CONSTRAINT fk_principals_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT uq_principals_id UNIQUE (id),
  CONSTRAINT fk_principals_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_principals_tenant_id_application_id ON principals (tenant_id, application_id);
CREATE INDEX ix_principals_tenant_id_created_at_id ON principals (tenant_id, created_at, id);
CREATE INDEX ix_principals_tenant_id_display_name ON principals (tenant_id, display_name);
CREATE INDEX ix_principals_tenant_id_display_name_folded_id ON principals (tenant_id, display_name_folded, id);
CREATE TABLE assignments (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  role_id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  created_at BIGINT,
  CONSTRAINT pk_assignments PRIMARY KEY (seq),
  CONSTRAINT uq_assignments_principal_id_resource_id_role_id UNIQUE (principal_id, resource_id, role_id),
  CONSTRAINT fk_assignments_tenant_id_principal_id FOREIGN KEY(tenant_id, principal_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_assignments_tenant_id_resource_id FOREIGN KEY(tenant_id, resource_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT uq_assignments_id UNIQUE (id)
);
CREATE INDEX ix_assignments_tenant_id_id ON assignments (tenant_id, id);
CREATE INDEX ix_assignments_tenant_id_principal_id_resource_id ON assignments (tenant_id, principal_id, resource_id);
CREATE INDEX ix_assignments_tenant_id_resource_id_id ON assignments (tenant_id, resource_id, id);
CREATE TABLE delegated_grants (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  consent_type TEXT NOT NULL,
  user_id TEXT,
  grantee TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  scope_folded TEXT,
  CONSTRAINT pk_delegated_grants PRIMARY KEY (seq),
  CONSTRAINT uq_delegated_grants_client_id_resource_id_consent_type_grantee UNIQUE (client_id, resource_id, consent_type, grantee),
  CONSTRAINT fk_delegated_grants_tenant_id_client_id FOREIGN KEY(tenant_id, client_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_delegated_grants_tenant_id_resource_id FOREIGN KEY(tenant_id, resource_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT uq_delegated_grants_id UNIQUE (id)
);
CREATE INDEX ix_delegated_grants_tenant_id_client_id ON delegated_grants (tenant_id, client_id);
CREATE INDEX ix_delegated_grants_tenant_id_id ON delegated_grants (tenant_id, id);
CREATE INDEX ix_delegated_grants_tenant_id_resource_id ON delegated_grants (tenant_id, resource_id);
CREATE TABLE identifiers (
  tenant_id TEXT NOT NULL,
  "key" TEXT NOT NULL,
  app_id TEXT NOT NULL,
  application_id TEXT,
  principal_id TEXT,
  CONSTRAINT pk_identifiers PRIMARY KEY (tenant_id, "key"),
  CONSTRAINT fk_identifiers_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_identifiers_tenant_id_principal_id FOREIGN KEY(tenant_id, principal_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_identifiers_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_identifiers_tenant_id_application_id ON identifiers (tenant_id, application_id);
CREATE INDEX ix_identifiers_tenant_id_principal_id ON identifiers (tenant_id, principal_id);
CREATE TABLE ownerships (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  application_id TEXT,
  principal_id TEXT,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  CONSTRAINT pk_ownerships PRIMARY KEY (seq),
  CONSTRAINT uq_ownerships_owner_id_application_id UNIQUE (owner_id, application_id),
  CONSTRAINT uq_ownerships_owner_id_principal_id UNIQUE (owner_id, principal_id),
  CONSTRAINT fk_ownerships_tenant_id_owner_id FOREIGN KEY(tenant_id, owner_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_ownerships_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_ownerships_tenant_id_principal_id FOREIGN KEY(tenant_id, principal_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT uq_ownerships_id UNIQUE (id)
);
CREATE INDEX ix_ownerships_tenant_id_application_id ON ownerships (tenant_id, application_id);
CREATE INDEX ix_ownerships_tenant_id_owner_id ON ownerships (tenant_id, owner_id);
CREATE INDEX ix_ownerships_tenant_id_principal_id ON ownerships (tenant_id, principal_id);
CREATE TABLE principal_elements (
  tenant_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  property TEXT NOT NULL,
  folded TEXT NOT NULL,
  CONSTRAINT pk_principal_elements PRIMARY KEY (tenant_id, owner_id, property, folded),
  CONSTRAINT fk_principal_elements_tenant_id_owner_id FOREIGN KEY(tenant_id, owner_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_principal_elements_tenant_id_property_folded ON principal_elements (tenant_id, property, folded);
CREATE TABLE role_assignments (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL,
  scope_folded TEXT,
  role_definition_id_folded TEXT,
  CONSTRAINT pk_role_assignments PRIMARY KEY (seq),
  CONSTRAINT fk_role_assignments_tenant_id_principal_id FOREIGN KEY(tenant_id, principal_id) REFERENCES principals (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT uq_role_assignments_id UNIQUE (id)
);
CREATE INDEX ix_role_assignments_tenant_id_id ON role_assignments (tenant_id, id);
CREATE INDEX ix_role_assignments_tenant_id_principal_id ON role_assignments (tenant_id, principal_id);
