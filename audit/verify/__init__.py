"""Verification of an export of the audit log, with nothing but the standard library and PyNaCl.

No Django, no database, no network: whoever holds an export and knows the policy needs nobody's word. What an
alarm is called is fixed here (`ALARMS`); the online verifier (`manage.py verify_audit`) uses the same names.
"""
