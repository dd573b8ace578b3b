import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import type { Outbound } from '../outbound.ts'
import type { TokenVerifier } from '../tokens/token-verifier.ts'
import type { AnonymousAccess } from './authenticate.ts'
import { AuthenticationConfiguration } from './configuration.ts'
import { createOidcAuthenticator, type OidcAuthenticator } from './oidc/jwt-authenticator.ts'
import { validateAuthentication } from './validate-configuration.ts'

/** The file's text, and the way to the issuers that it names. */
export interface ConfiguredAuthenticationOptions {
  /** An AuthenticationConfiguration as YAML or JSON. */
  readonly text: string
  readonly outbound: Outbound
  readonly clock: Clock
  /** What tokens of outside are taken for: the API server's own audiences. */
  readonly audiences: readonly string[]
  /** The cluster's own issuers of tokens, which nobody else may be. */
  readonly ownIssuers: readonly string[]
  /** Told each time that an issuer could not be found. */
  readonly onProblem?: ((issuer: string, error: unknown) => void) | undefined
}

/** Users and anonymous access as a configuration file says, for as long as it says so. */
export interface ConfiguredAuthentication {
  readonly verify: TokenVerifier
  /** Undefined: the file does not say. */
  readonly anonymous: () => AnonymousAccess | undefined
  /**
   * Takes another file's text up, once all its issuers were found. Rejects with `Invalid` when it cannot be used, or when it asks for another
   * anonymous access, which only a start can give; then all stays as it was.
   */
  update(text: string): Promise<void>
  close(): void
}

/** Throws `Invalid` when the text cannot be used. Tokens of an issuer that was not found yet are refused until it is. */
export function createConfiguredAuthentication(options: ConfiguredAuthenticationOptions): ConfiguredAuthentication {
  const read = (text: string): AuthenticationConfiguration => {
    const config = readConfiguration(AuthenticationConfiguration, 'AuthenticationConfiguration', text) as AuthenticationConfiguration
    refuseConfiguration(validateAuthentication(config, options.ownIssuers))
    return config
  }
  const build = (config: AuthenticationConfiguration) => (config.jwt ?? []).map((jwt) => createOidcAuthenticator(jwt, options))
  const config = read(options.text)
  const anonymous = anonymousOf(config)
  let issuers = build(config)
  let verify = verifierOf(issuers, options)
  let pending: readonly OidcAuthenticator[] = []
  return {
    verify: (token, audiences, notes) => verify(token, audiences, notes),
    anonymous: () => anonymous,
    async update(text) {
      const next = read(text)
      if (JSON.stringify(anonymousOf(next)) !== JSON.stringify(anonymous))
        refuseConfiguration([
          { reason: 'FieldValueForbidden', field: 'anonymous', message: 'Forbidden: changed from initial configuration file' },
        ])
      // A later text takes the place of one whose issuers are still being looked for.
      close(pending)
      const built = build(next)
      pending = built
      try {
        await Promise.all(built.map(({ keys }) => keys.ready()))
        if (pending !== built) throw new WherryError('Conflict', 'another configuration came meanwhile')
      } catch (error) {
        close(built)
        throw error
      }
      pending = []
      const former = issuers
      issuers = built
      verify = verifierOf(issuers, options)
      close(former)
    },
    close: () => {
      close(pending)
      close(issuers)
    },
  }
}

const close = (issuers: readonly OidcAuthenticator[]): void => {
  for (const issuer of issuers) issuer.close()
}

function anonymousOf({ anonymous }: AuthenticationConfiguration): AnonymousAccess | undefined {
  if (anonymous === undefined) return undefined
  if (anonymous.enabled !== true) return 'none'
  const conditions = anonymous.conditions ?? []
  return conditions.length === 0 ? 'all' : conditions.map(({ path = '' }) => path)
}

function verifierOf(issuers: readonly OidcAuthenticator[], { audiences: own }: ConfiguredAuthenticationOptions): TokenVerifier {
  return async (token, wanted) => {
    const audiences = own.filter((audience) => wanted.includes(audience))
    if (audiences.length === 0) return undefined
    for (const issuer of issuers) {
      const user = await issuer.authenticate(token)
      if (user !== undefined) return { user, audiences }
    }
    return undefined
  }
}
