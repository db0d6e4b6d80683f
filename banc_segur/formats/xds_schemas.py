"""The UUIDs of the XDS classifications and external identifiers, and where each lands in `Entree` and `Lot`.

Sources: IHE ITI TF-3 §4.2.5; `dmp.md` §3.2, §3.3.
"""

from __future__ import annotations

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDSB = "urn:ihe:iti:xds-b:2007"
XOP = "http://www.w3.org/2004/08/xop/include"
XML = "http://www.w3.org/XML/1998/namespace"

TYPE_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
NOEUD_LOT = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"

AUTEUR_LOT = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
AUTEUR_ENTREE = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"

# classificationScheme -> (field, XDS attribute)
CODES_LOT = {"urn:uuid:aa543740-bdda-424e-8c96-df4873be8500": ("content_type_code", "contentTypeCode")}
CODES_ENTREE = {
    "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a": ("class_code", "classCode"),
    "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f": ("confidentiality_codes", "confidentialityCode"),
    "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4": ("event_codes", "eventCodeList"),
    "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d": ("format_code", "formatCode"),
    "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": ("healthcare_facility_type_code", "healthcareFacilityTypeCode"),
    "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead": ("practice_setting_code", "practiceSettingCode"),
    "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983": ("type_code", "typeCode"),
}
CODES_MULTIPLES = frozenset({"confidentiality_codes", "event_codes"})

# identificationScheme -> (field, Name of the identifier)
IDENTIFIANTS_LOT = {
    "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446": ("patient_id", "XDSSubmissionSet.patientId"),
    "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832": ("source_id", "XDSSubmissionSet.sourceId"),
    "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8": ("unique_id", "XDSSubmissionSet.uniqueId"),
}
IDENTIFIANTS_ENTREE = {
    "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427": ("patient_id", "XDSDocumentEntry.patientId"),
    "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab": ("unique_id", "XDSDocumentEntry.uniqueId"),
}

# slot -> field
SLOTS_LOT = {"submissionTime": "submission_time"}
SLOTS_ENTREE = {
    "creationTime": "creation_time",
    "hash": "hash",
    "languageCode": "language_code",
    "legalAuthenticator": "legal_authenticator",
    "repositoryUniqueId": "repository_unique_id",
    "serviceStartTime": "service_start_time",
    "serviceStopTime": "service_stop_time",
    "size": "size",
    "sourcePatientId": "source_patient_id",
    "sourcePatientInfo": "source_patient_info",
    "urn:ihe:iti:xds:2013:referenceIdList": "reference_ids",
    "URI": "uri",
}
SLOTS_MULTIPLES = frozenset({"source_patient_info", "reference_ids"})
