/**
 * Formats that values of custom resources are checked against (kube-openapi's strfmt registry, as far as definitions may use it). Names are
 * compared without hyphens; others are ignored, with a warning when a definition brings them.
 */
export function isKnownFormat(type: string, format: string): boolean {
  if (type === '' || type === 'string') return stringFormats.has(format.replaceAll('-', ''))
  if (type === 'integer') return format === 'int32' || format === 'int64'
  if (type === 'number') return format === 'float' || format === 'double'
  return false
}

const stringFormats: ReadonlySet<string> = new Set([
  'bsonobjectid',
  'uri',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'cidr',
  'mac',
  'uuid',
  'uuid3',
  'uuid4',
  'uuid5',
  'isbn',
  'isbn10',
  'isbn13',
  'creditcard',
  'ssn',
  'hexcolor',
  'rgbcolor',
  'byte',
  'password',
  'date',
  'duration',
  'datetime',
  'k8sshortname',
  'k8slongname',
])
