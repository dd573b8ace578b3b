import { X509Certificate } from 'node:crypto'
import type { Cause } from '#lib/errors.ts'
import { checkDomainPrefixedPath } from '#schema/formats.ts'
import { duplicate, invalid, required } from '#schema/validate.ts'
import type { AuthenticationConfiguration, JWTAuthenticator, PrefixedClaimOrExpression } from './configuration.ts'
import { type CompiledExpression, compileClaimRule, compileMapping, compileUserRule, selects } from './oidc/expressions.ts'

type Issuer = JWTAuthenticator['issuer']

/** All that is wrong with a configuration, in the reference's words. `disallowedIssuers`: the cluster's own, which nobody else may be. */
export function validateAuthentication(config: AuthenticationConfiguration, disallowedIssuers: readonly string[]): Cause[] {
  const { jwt = [], anonymous } = config
  const causes: Cause[] = []
  // Sixty-four, as the reference: each token is compared with the issuers in turn.
  if (jwt.length > 64)
    causes.push({ reason: 'FieldValueTooMany', field: 'jwt', message: `Too many: ${jwt.length}: must have at most 64 items` })
  const issuers = new Set<string>()
  const discoveries = new Set<string>()
  for (const [position, one] of jwt.entries()) {
    const at = `jwt[${position}]`
    causes.push(...validateJwt(one, at, disallowedIssuers))
    const { url = '', discoveryURL } = one.issuer
    if (issuers.has(url)) causes.push(duplicate(`${at}.issuer.url`, url))
    issuers.add(url)
    if (!discoveryURL) continue
    if (discoveries.has(discoveryURL)) causes.push(duplicate(`${at}.issuer.discoveryURL`, discoveryURL))
    discoveries.add(discoveryURL)
  }
  if (anonymous !== undefined && anonymous.enabled !== true && (anonymous.conditions ?? []).length > 0)
    causes.push(invalid('anonymous.conditions', anonymous.conditions, 'enabled should be set to true when conditions are defined'))
  return causes
}

function validateJwt(jwt: JWTAuthenticator, at: string, disallowed: readonly string[]): Cause[] {
  return [
    ...validateIssuer(jwt.issuer, `${at}.issuer`, disallowed),
    ...validateClaimRules(jwt, `${at}.claimValidationRules`),
    ...validateMappings(jwt, `${at}.claimMappings`),
    ...validateUserRules(jwt, `${at}.userValidationRules`),
  ]
}

function validateIssuer(issuer: Issuer, at: string, disallowed: readonly string[]): Cause[] {
  const { url = '', discoveryURL, certificateAuthority = '', egressSelectorType = '' } = issuer
  const causes = url === '' ? [required(`${at}.url`, '')] : validateUrl(url, `${at}.url`, disallowed)
  if (discoveryURL) {
    const trimmed = (text: string) => text.replace(/\/+$/, '')
    if (url !== '' && trimmed(url) === trimmed(discoveryURL))
      causes.push(invalid(`${at}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'))
    causes.push(...validateUrl(discoveryURL, `${at}.discoveryURL`, []))
  }
  causes.push(...validateAudiences(issuer, at))
  if (certificateAuthority !== '' && !isBundle(certificateAuthority))
    causes.push(invalid(`${at}.certificateAuthority`, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates'))
  if (egressSelectorType !== '' && egressSelectorType !== 'controlplane' && egressSelectorType !== 'cluster')
    causes.push(invalid(`${at}.egressSelectorType`, egressSelectorType, 'egress selector must be either controlplane or cluster'))
  return causes
}

function validateUrl(text: string, at: string, disallowed: readonly string[]): Cause[] {
  const causes: Cause[] = disallowed.includes(text)
    ? [invalid(at, text, `URL must not overlap with disallowed issuers: [${disallowed.toSorted().join(' ')}]`)]
    : []
  const parts = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is.exec(text)
  if (parts === null) return [...causes, invalid(at, text, `parse ${JSON.stringify(text)}: invalid URL`)]
  const [, scheme = '', authority = '', , query = '', fragment = ''] = parts
  if (scheme.toLowerCase() !== 'https') causes.push(invalid(at, text, 'URL scheme must be https'))
  if (authority.includes('@')) causes.push(invalid(at, text, 'URL must not contain a username or password'))
  if (query !== '') causes.push(invalid(at, text, 'URL must not contain a query'))
  if (fragment !== '') causes.push(invalid(at, text, 'URL must not contain a fragment'))
  return causes
}

function validateAudiences({ audiences = [], audienceMatchPolicy: policy = '' }: Issuer, at: string): Cause[] {
  if (audiences.length === 0) return [required(`${at}.audiences`, `at least one ${at}.audiences is required`)]
  const causes: Cause[] = []
  const seen = new Set<string>()
  for (const [position, audience] of audiences.entries()) {
    if (audience === '') causes.push(required(`${at}.audiences[${position}]`, ''))
    if (seen.has(audience)) causes.push(duplicate(`${at}.audiences[${position}]`, audience))
    seen.add(audience)
  }
  if (audiences.length > 1 && policy !== 'MatchAny')
    causes.push(invalid(`${at}.audienceMatchPolicy`, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'))
  if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny')
    causes.push(invalid(`${at}.audienceMatchPolicy`, policy, 'audienceMatchPolicy must be empty or MatchAny for single audience'))
  return causes
}

function isBundle(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    // No certificate in it.
    return false
  }
}

/** Adds what is wrong with an expression. */
const expressionCauses = (result: CompiledExpression, at: string, source: string): Cause[] =>
  'problem' in result ? [invalid(at, source, result.problem)] : []

function validateClaimRules({ claimValidationRules: rules = [] }: JWTAuthenticator, path: string): Cause[] {
  const claims = new Set<string>()
  const expressions = new Set<string>()
  return rules.flatMap(({ claim = '', requiredValue = '', expression = '', message = '' }, position) => {
    const at = `${path}[${position}]`
    if (claim !== '' && expression !== '') return [invalid(at, claim, "claim and expression can't both be set")]
    if (claim === '' && expression === '') return [required(at, 'claim or expression is required')]
    const causes: Cause[] = []
    if (claim !== '') {
      if (message !== '') causes.push(invalid(`${at}.message`, message, 'may not be specified when claim is set'))
      if (claims.has(claim)) causes.push(duplicate(`${at}.claim`, claim))
      claims.add(claim)
      return causes
    }
    if (requiredValue !== '') causes.push(invalid(`${at}.requiredValue`, requiredValue, 'may not be specified when expression is set'))
    if (expressions.has(expression)) return [...causes, duplicate(`${at}.expression`, expression)]
    expressions.add(expression)
    return [...causes, ...expressionCauses(compileClaimRule(expression), `${at}.expression`, expression)]
  })
}

function validateMappings(jwt: JWTAuthenticator, at: string): Cause[] {
  const { username, groups, uid, extra = [] } = jwt.claimMappings
  const causes = [...validateMapping(username, `${at}.username`, true), ...validateMapping(groups, `${at}.groups`, false)]
  if (uid.claim && uid.expression) causes.push(invalid(`${at}.uid`, '', "claim and expression can't both be set"))
  else if (uid.expression) causes.push(...expressionCauses(compileMapping(uid.expression), `${at}.uid.expression`, uid.expression))
  const keys = new Set<string>()
  for (const [position, { key = '', valueExpression = '' }] of extra.entries()) {
    const path = `${at}.extra[${position}]`
    causes.push(...checkDomainPrefixedPath(key).map(([detail]) => invalid(`${path}.key`, key, detail)))
    if (key !== key.toLowerCase()) causes.push(invalid(`${path}.key`, key, 'must be lowercase'))
    if (/^(?:.*\.)?(?:kubernetes|k8s)\.io\//.test(key))
      causes.push(invalid(`${path}.key`, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'))
    if (keys.has(key)) {
      causes.push(duplicate(`${path}.key`, key))
      continue
    }
    keys.add(key)
    if (valueExpression === '') causes.push(required(`${path}.valueExpression`, ''))
    else causes.push(...expressionCauses(compileMapping(valueExpression), `${path}.valueExpression`, valueExpression))
  }
  if (reads(username.expression, 'email') && !verifiesEmail(jwt))
    causes.push(
      invalid(
        `${at}.username.expression`,
        username.expression,
        'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
      ),
    )
  return causes
}

function validateMapping(mapping: PrefixedClaimOrExpression, at: string, isRequired: boolean): Cause[] {
  const { claim = '', prefix, expression = '' } = mapping
  if (claim !== '' && expression !== '') return [invalid(at, '', "claim and expression can't both be set")]
  if (claim !== '')
    return prefix === undefined
      ? [required(`${at}.prefix`, 'prefix is required when claim is set. It can be set to an empty string to disable prefixing')]
      : []
  if (expression === '') return isRequired ? [required(at, 'claim or expression is required')] : []
  return [
    ...(prefix === undefined ? [] : [invalid(`${at}.prefix`, prefix, 'may not be specified when expression is set')]),
    ...expressionCauses(compileMapping(expression), `${at}.expression`, expression),
  ]
}

/** An address that nobody verified must not become a name: whoever registers it could be anybody. */
function verifiesEmail({ claimMappings: { username, extra = [] }, claimValidationRules: rules = [] }: JWTAuthenticator): boolean {
  const sources = [
    username.expression,
    ...extra.map(({ valueExpression }) => valueExpression),
    ...rules.map(({ expression }) => expression),
  ]
  return sources.some((source) => reads(source, 'email_verified'))
}

function reads(source: string | undefined, field: string): boolean {
  const result = source ? compileMapping(source) : undefined
  return result !== undefined && 'program' in result && selects(result.program.expr, field)
}

function validateUserRules({ userValidationRules: rules = [] }: JWTAuthenticator, path: string): Cause[] {
  const expressions = new Set<string>()
  return rules.flatMap(({ expression = '' }, position) => {
    const at = `${path}[${position}].expression`
    if (expression === '') return [required(at, '')]
    if (expressions.has(expression)) return [duplicate(at, expression)]
    expressions.add(expression)
    return expressionCauses(compileUserRule(expression), at, expression)
  })
}
