import type { Cause } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  invalid,
  LABEL_LENGTH_MAX,
  required,
  SUBDOMAIN_LENGTH_MAX,
  tooLong,
} from '#schema/validate.ts'

/** What is wrong with a signer's name, such as `example.com/signer`: a domain of two labels at least, a slash, a name. */
export function validateSignerName(name: string, path: string): Cause[] {
  if (name === '') return [required(path)]
  const segments = name.split('/')
  if (segments.length !== 2) return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  const [domain, signer] = segments as [string, string]
  return [
    ...(Buffer.byteLength(domain) > SUBDOMAIN_LENGTH_MAX ? [tooLong(path, SUBDOMAIN_LENGTH_MAX)] : []),
    ...firstBadLabel(domain, checkDns1123Label, path),
    ...(domain.includes('.') ? [] : [invalid(path, domain, 'should be a domain with at least two segments separated by dots')]),
    ...firstBadLabel(signer, checkDns1123Subdomain, path),
    ...(Buffer.byteLength(name) > SIGNER_LENGTH_MAX ? [tooLong(path, SIGNER_LENGTH_MAX)] : []),
  ]
}

/** One label's faults are enough: those of the next would read the same. */
function firstBadLabel(text: string, check: (label: string) => readonly string[], path: string): Cause[] {
  for (const label of text.split('.')) {
    const problems = check(label)
    if (problems.length > 0) return problems.map((problem) => invalid(path, text, `validating label ${quote(label)}: ${problem}`))
  }
  return []
}

/** A domain, the slash, and room for a namespace's name and an object's in the path. */
const SIGNER_LENGTH_MAX = SUBDOMAIN_LENGTH_MAX + 1 + SUBDOMAIN_LENGTH_MAX + LABEL_LENGTH_MAX + 1

/** Whether the signer is one of the Kubernetes project's own, which are held to shorter lifetimes. */
export function isKubernetesSigner(name: string): boolean {
  const domain = name.split('/')[0]!
  return domain === 'kubernetes.io' || domain.endsWith('.kubernetes.io')
}
