import { checkPathSegment } from '#api/meta/v1/names.ts'
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressTLS } from '#api/networking/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { parseIp } from '#schema/ip.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLegacyIp,
  checkPortName,
  checkPortNumber,
  checkWildcardDns1123Subdomain,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'

/** The way of naming a class before `ingressClassName` was. */
export const classAnnotation = 'kubernetes.io/ingress.class'

/** What is wrong with a new ingress. */
export function validateIngress(ingress: Ingress): Cause[] {
  const causes = validateSpec(ingress, undefined)
  const annotation = ingress.metadata.annotations?.[classAnnotation]
  const { ingressClassName } = ingress.spec
  return annotation !== undefined && ingressClassName !== undefined && annotation !== ingressClassName
    ? [...causes, invalid(`annotations.${classAnnotation}`, annotation, 'must match `ingressClassName` when both are specified')]
    : causes
}

/** The same on an update, which takes what older servers did where the object has it already. */
export const validateIngressUpdate = (next: Ingress, previous: Ingress): Cause[] => validateSpec(next, previous)

/** What is wrong with the addresses at which an ingress answers; those that it had are not looked at again. */
export function validateIngressStatus({ status }: Ingress, previous: Ingress): Cause[] {
  const known = new Set((previous.status.loadBalancer.ingress ?? []).map(({ ip }) => ip))
  return (status.loadBalancer.ingress ?? []).flatMap(({ ip = '', hostname = '' }, i) => {
    const path = `status.loadBalancer.ingress[${i}]`
    return [
      ...(ip === '' || known.has(ip) ? [] : invalidEach(`${path}.ip`, ip, checkLegacyIp(ip))),
      ...(hostname === ''
        ? []
        : [...invalidEach(`${path}.hostname`, hostname, checkDns1123Subdomain(hostname)), ...noAddress(hostname, `${path}.hostname`)]),
    ]
  })
}

function validateSpec({ spec }: Ingress, previous: Ingress | undefined): Cause[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec
  const causes: Cause[] = []
  if (rules.length === 0 && defaultBackend === undefined)
    causes.push(invalid('spec', shownAsGiven(spec, 'rules'), 'either `defaultBackend` or `rules` must be specified'))
  if (defaultBackend !== undefined) causes.push(...validateBackend(defaultBackend, 'spec.defaultBackend'))
  const allowsWildcards = (previous?.spec.rules ?? []).some((rule) => isWildcard(rule.host) && validatePaths(rule, '').length > 0)
  causes.push(...rules.flatMap((rule, i) => validateRule(rule, allowsWildcards, `spec.rules[${i}]`)))
  const allowsSecrets = (previous?.spec.tls ?? []).some(({ secretName }) => checkSecret(secretName).length > 0)
  causes.push(...tls.flatMap((entry, i) => validateTls(entry, allowsSecrets, `spec.tls[${i}]`)))
  return ingressClassName === undefined
    ? causes
    : [...causes, ...invalidEach('spec.ingressClassName', ingressClassName, checkDns1123Subdomain(ingressClassName))]
}

function validateTls({ hosts = [], secretName }: IngressTLS, allowsSecrets: boolean, path: string): Cause[] {
  return [
    ...hosts.flatMap((host, i) => invalidEach(`${path}.hosts[${i}]`, host, checkHost(host))),
    ...(allowsSecrets ? [] : invalidEach(`${path}.secretName`, secretName, checkSecret(secretName))),
  ]
}

const checkSecret = (name = ''): readonly string[] => (name === '' ? [] : checkDns1123Subdomain(name))
const isWildcard = (host = ''): boolean => host.includes('*')
const checkHost = (host: string): readonly string[] =>
  isWildcard(host) ? checkWildcardDns1123Subdomain(host) : checkDns1123Subdomain(host)
const noAddress = (host: string, path: string): Cause[] =>
  parseIp(host) === undefined ? [] : [invalid(path, host, 'must be a DNS name, not an IP address')]

function validateRule(rule: IngressRule, allowsWildcards: boolean, path: string): Cause[] {
  const { host = '' } = rule
  return [
    ...(host === '' ? [] : [...noAddress(host, `${path}.host`), ...invalidEach(`${path}.host`, host, checkHost(host))]),
    ...(allowsWildcards && isWildcard(host) ? [] : validatePaths(rule, path)),
  ]
}

function validatePaths({ http }: IngressRule, path: string): Cause[] {
  if (http === undefined) return []
  return http.paths.length === 0
    ? [required(`${path}.http.paths`)]
    : http.paths.flatMap((entry, i) => validatePath(entry, `${path}.http.paths[${i}]`))
}

function validatePath({ path: text = '', pathType, backend }: HTTPIngressPath, path: string): Cause[] {
  if (pathType === undefined) return [required(`${path}.pathType`, 'pathType must be specified')]
  const causes: Cause[] = []
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!text.startsWith('/')) causes.push(invalid(`${path}.path`, text, 'must be an absolute path'))
    for (const sequence of ['//', '/./', '/../', '%2f', '%2F'])
      if (text.includes(sequence)) causes.push(invalid(`${path}.path`, text, `must not contain '${sequence}'`))
    for (const suffix of ['/..', '/.']) if (text.endsWith(suffix)) causes.push(invalid(`${path}.path`, text, `cannot end with '${suffix}'`))
  } else if (pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/')) causes.push(invalid(`${path}.path`, text, 'must be an absolute path'))
  } else causes.push(notSupported(`${path}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']))
  return [...causes, ...validateBackend(backend, `${path}.backend`)]
}

function validateBackend({ resource, service }: IngressBackend, path: string): Cause[] {
  if (resource !== undefined && service !== undefined) return [invalid(path, '', 'cannot set both resource and service backends')]
  if (resource !== undefined) {
    const { apiGroup, kind, name } = resource
    return [
      ...(apiGroup === undefined ? [] : invalidEach(`${path}.resource.apiGroup`, apiGroup, checkDns1123Subdomain(apiGroup))),
      ...validateSegment(kind, `${path}.resource.kind`),
      ...validateSegment(name, `${path}.resource.name`),
    ]
  }
  if (service === undefined) return [invalid(path, '', 'resource or service backend is required')]
  const { name: portName = '', number = 0 } = service.port
  const nameCauses =
    service.name === ''
      ? [required(`${path}.service.name`)]
      : invalidEach(`${path}.service.name`, service.name, checkDns1123Label(service.name))
  if (portName !== '' && number !== 0) return [...nameCauses, invalid(path, '', 'cannot set both port name & port number')]
  if (portName !== '') return [...nameCauses, ...invalidEach(`${path}.service.port.name`, portName, checkPortName(portName))]
  if (number !== 0) return [...nameCauses, ...invalidEach(`${path}.service.port.number`, number, checkPortNumber(number))]
  return [...nameCauses, required(path, 'port name or number is required')]
}

/** Given, and fit for a URL's path. */
export const validateSegment = (value: string, path: string): Cause[] =>
  value === '' ? [required(path)] : invalidEach(path, value, checkPathSegment(value))
