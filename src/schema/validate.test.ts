import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as validate from './validate.ts'

test('causes in the words of the reference', () => {
  const cases = [
    [validate.invalid('spec.a', 'x"y', 'is bad'), 'FieldValueInvalid', 'Invalid value: "x\\"y": is bad'],
    [validate.invalid('spec.a', 5), 'FieldValueInvalid', 'Invalid value: 5'],
    [validate.invalid('spec.a', null, 'x'), 'FieldValueInvalid', 'Invalid value: null: x'],
    [validate.invalid('spec.a', { b: '<x>' }), 'FieldValueInvalid', 'Invalid value: {"b":"\\u003cx\\u003e"}'],
    [validate.typeInvalid('spec.a', 'x', 'y'), 'FieldValueTypeInvalid', 'Invalid value: "x": y'],
    [validate.required('spec.a'), 'FieldValueRequired', 'Required value'],
    [validate.required('spec.a', 'why'), 'FieldValueRequired', 'Required value: why'],
    [validate.notSupported('spec.a', 'X', ['A', 'B']), 'FieldValueNotSupported', 'Unsupported value: "X": supported values: "A", "B"'],
    [validate.duplicate('spec.a', 'x'), 'FieldValueDuplicate', 'Duplicate value: "x"'],
    [validate.notFound('spec.a', 'x'), 'FieldValueNotFound', 'Not found: "x"'],
    [validate.forbidden('spec.a', 'no'), 'FieldValueForbidden', 'Forbidden: no'],
    [validate.tooLong('spec.a', 63), 'FieldValueTooLong', 'Too long: may not be more than 63 bytes'],
    [validate.tooLongCharacters('spec.a', 1), 'FieldValueTooLong', 'Too long: may not be more than 1 character'],
    [validate.tooMany('spec.a', 9, 8), 'FieldValueTooMany', 'Too many: 9: must have at most 8 items'],
    [validate.tooMany('spec.a', -1, 8), 'FieldValueTooMany', 'Too many: must have at most 8 items'],
    [validate.tooShort('spec.a', 1), 'FieldValueTooShort', 'Too short: must be at least 1 character'],
  ] as const
  for (const [cause, reason, message] of cases) assert.deepEqual(cause, { reason, message, field: 'spec.a' })
})

function check(
  name: string,
  problems: (value: string) => readonly string[],
  good: readonly string[],
  bad: Readonly<Record<string, string | readonly string[]>>,
): void {
  test(name, () => {
    for (const value of good) assert.deepEqual(problems(value), [], value)
    for (const [value, expected] of Object.entries(bad)) assert.deepEqual(problems(value), [expected].flat(), value)
  })
}

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
check('RFC 1123 labels', validate.checkDns1123Label, ['a', 'a-1', '1'], {
  '': label,
  A: label,
  'a.b': 'must not contain dots',
  ['a'.repeat(64)]: 'must be no more than 63 characters',
})
check('RFC 1123 subdomains', validate.checkDns1123Subdomain, ['a.b', 'a'], {
  'a..b':
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
})
const part =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
check('qualified names', validate.checkQualifiedName, ['a', 'A_b.c', 'example.com/x'], {
  '': ['name part must be non-empty', part],
  '/a': 'prefix part must be non-empty',
  'a b': part,
})
check('label values', validate.checkLabelValue, ['', 'a', 'A.b_c'], {
  '-': "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
})
check('percents', validate.checkPercent, ['10%'], {
  x: "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
})
check('port names', validate.checkPortName, ['http', 'a-1'], {
  '80': 'must contain at least one letter (a-z)',
  'a--b': 'must not contain consecutive hyphens',
  'a-': 'must not begin or end with a hyphen',
})
check('environment variables', validate.checkRelaxedEnvVarName, ['A', '1 x'], {
  '': 'environment variable name must be non-empty',
  'a=b': "a valid environment variable name must consist only of printable ASCII characters other than '='",
})
check('addresses', validate.checkIp, ['10.0.0.1', '::1', '2001:db8::1'], {
  x: 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  '10.0.0.01': 'must not have leading 0s',
  '::ffff:1.2.3.4': 'must not be an IPv4-mapped IPv6 address',
  '2001:DB8::1': 'must be in canonical form ("2001:db8::1")',
  '1:0:0:0:0:0:0:1': 'must be in canonical form ("1::1")',
})
check('networks', validate.checkCidr, ['10.0.0.0/8', '::/0', '2001:db8::/64'], {
  '10.0.0.0': 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  '10.0.0.0/33': 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  '10.0.0.1/8': 'must not have bits set beyond the prefix length',
  '10.0.0.0/08': 'must not have leading 0s in IP or prefix length',
})
