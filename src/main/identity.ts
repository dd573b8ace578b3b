import { Secret } from '#api/core/v1/secret.ts'
import type { Features } from '#api/features.ts'
import { type AnonymousAccess, createAuthentication } from '#apiserver/authentication/authenticate.ts'
import { anyToken, bearerTokenAuthenticator } from '#apiserver/authentication/bearer-token.ts'
import { createBootstrapTokenVerifier } from '#apiserver/authentication/bootstrap-token.ts'
import { cachedTokenVerifier } from '#apiserver/authentication/cached-token-verifier.ts'
import { clientCertificateAuthenticator } from '#apiserver/authentication/client-certificate.ts'
import { createConfiguredAuthentication } from '#apiserver/authentication/configured-authentication.ts'
import { frontProxyName } from '#apiserver/authentication/published.ts'
import { requestHeaderAuthenticator, requestHeaderNames } from '#apiserver/authentication/request-header.ts'
import { staticTokenVerifier } from '#apiserver/authentication/static-token.ts'
import { createReviewWebhook, webhookConnection } from '#apiserver/authentication/webhook/review-webhook.ts'
import { createTokenWebhookVerifier } from '#apiserver/authentication/webhook/token-webhook.ts'
import { anyAuthorizer, mastersAuthorizer } from '#apiserver/authorization/authorize.ts'
import { createConfiguredAuthorization } from '#apiserver/authorization/configured-authorization.ts'
import { nodeAuthorizer } from '#apiserver/authorization/node-authorizer.ts'
import { createNodeGraph } from '#apiserver/authorization/node-graph.ts'
import { createRbac, type Rbac } from '#apiserver/authorization/rbac.ts'
import { reviewHandlers } from '#apiserver/authorization/review-handlers.ts'
import type { Authenticator, Authorizer, Internals, Objects, SubresourceHandler, UserInfo } from '#apiserver/contract.ts'
import { createCertificateMetrics } from '#apiserver/metrics/certificate-metrics.ts'
import { createConfigReloadMetrics } from '#apiserver/metrics/config-reload-metrics.ts'
import { createServiceAccountMetrics } from '#apiserver/metrics/service-account-metrics.ts'
import type { Outbound } from '#apiserver/outbound.ts'
import { createLegacyTokenVerifier, lastUsedLabel } from '#apiserver/tokens/legacy-token-verifier.ts'
import type { TokenKeys } from '#apiserver/tokens/token-keys.ts'
import { createTokenVerifier } from '#apiserver/tokens/token-verifier.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'

/** A configuration file: its text, and later ones. */
export interface ConfigurationSource {
  readonly text: string
  /** Calls with each text that the file has later, or with why it cannot be read any more; returns how to stop. */
  readonly watch: (changed: (text: string) => void, failed?: (error: unknown) => void) => () => void
}

/** Who may ask, and who may do what: what of it can be chosen. */
export interface IdentityChoices {
  /** PEM: of the authority whose certificates make users. */
  readonly rootCa: string
  /** PEM: of the authority that signs for those who pass on requests of others. Absent: nobody does. */
  readonly frontProxyCa?: string | undefined
  /** Fixed bearer tokens, for a server that is tried out or measured: who each of them is. */
  readonly staticTokens?: Readonly<Record<string, UserInfo>> | undefined
  /** What requests without credentials may try, unless an AuthenticationConfiguration says. Absent: `health`; the reference's default is `all`. */
  readonly anonymous?: AnonymousAccess | undefined
  /** An AuthenticationConfiguration: issuers of tokens outside, and who may ask without credentials. */
  readonly authenticationConfiguration?: ConfigurationSource | undefined
  /** An AuthorizationConfiguration. Absent: Node and RBAC. */
  readonly authorizationConfiguration?: ConfigurationSource | undefined
  /** Text of a kubeconfig that says which webhook knows further tokens. */
  readonly tokenWebhook?: string | undefined
  /** The text of a file that a configuration points to. */
  readonly readFile?: ((path: string) => string) | undefined
}

/** What it is decided by. */
export interface IdentityParts {
  readonly choices: IdentityChoices
  readonly keys: TokenKeys
  readonly objects: Objects
  readonly internals: Internals
  readonly outbound: Outbound
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly registry: Registry
  /** Feature gates that are on beside the defaults. */
  readonly features: Features
  /** Names this API server in what is counted. */
  readonly apiServerId: string
}

/** Who asks, and who may do what. */
export interface Identity {
  readonly authenticate: Authenticator
  readonly authorize: Authorizer
  readonly rbac: Rbac
  readonly reviews: Readonly<Record<string, SubresourceHandler>>
  /** Stops looking at files and asking issuers. */
  close(): void
}

/** Joins all that tells users apart and says what they may do. */
export function createIdentity(parts: IdentityParts): Identity {
  const { choices, keys, objects, clock } = parts
  const audiences = [keys.issuer]
  const rbac = createRbac(objects)
  const authorization = composeAuthorization(parts, rbac)
  const configured = configuredAuthentication(parts, audiences)
  const count = createServiceAccountMetrics(parts.registry)
  const verifyAny = anyToken(
    staticTokenVerifier(choices.staticTokens ?? {}, audiences),
    createLegacyTokenVerifier({ keys, objects, clock, audiences, noteUse: noteUse(parts), count }),
    createTokenVerifier({ keys, objects, clock, count }),
    createBootstrapTokenVerifier({ objects, clock, audiences }),
    ...(configured === undefined ? [] : [configured.verify]),
    ...tokenWebhook(parts, audiences),
  )
  const verifyToken = cachedTokenVerifier(verifyAny, { clock, successTtlMs: tokenTtlMs, failureTtlMs: 0 })
  const { frontProxyCa } = choices
  return {
    rbac,
    authorize: authorization.authorize,
    authenticate: createAuthentication({
      authenticators: [
        ...(frontProxyCa === undefined
          ? []
          : [requestHeaderAuthenticator({ clock, authorities: [frontProxyCa], allowedNames: [frontProxyName], ...requestHeaderNames })]),
        // Where TLS believes two authorities, only the clients' own makes users.
        clientCertificateAuthenticator({
          clock,
          onUse: createCertificateMetrics(parts.registry),
          ...(frontProxyCa !== undefined && { authorities: [choices.rootCa] }),
        }),
        bearerTokenAuthenticator(verifyToken, audiences),
      ],
      anonymous: () => configured?.anonymous() ?? choices.anonymous ?? 'health',
    }),
    reviews: reviewHandlers({ verifyToken, audiences, clock, authorize: authorization.authorize, rbac, unlisted: authorization.unlisted }),
    close: () => {
      authorization.close()
      configured?.close()
      rbac.close()
    },
  }
}

/** As long as in the reference: so long a token may outlive what it hangs on, and so often its issuer is asked. */
const tokenTtlMs = 10_000

const noFile = (path: string): string => {
  throw new Error(`${path} cannot be read: this server was given no files`)
}

function composeAuthorization(parts: IdentityParts, rbac: Rbac) {
  const { choices, objects, outbound, clock, random } = parts
  const node = nodeAuthorizer(createNodeGraph(objects), objects, parts.features)
  const source = choices.authorizationConfiguration
  if (source === undefined)
    return { authorize: anyAuthorizer(mastersAuthorizer, node, rbac.authorize), unlisted: () => [], close: () => {} }
  const configured = createConfiguredAuthorization({
    text: source.text,
    node,
    rbac: rbac.authorize,
    outbound,
    clock,
    random: random.fork('authorization'),
    readFile: choices.readFile ?? noFile,
  })
  const stop = follow(parts, source, 'authorization', async (text) => configured.update(text))
  return { authorize: configured.authorize, unlisted: configured.unlisted, close: stop }
}

function configuredAuthentication(parts: IdentityParts, audiences: readonly string[]) {
  const { choices, outbound, clock, keys, log } = parts
  const source = choices.authenticationConfiguration
  if (source === undefined) return undefined
  const configured = createConfiguredAuthentication({
    text: source.text,
    outbound,
    clock,
    audiences,
    ownIssuers: keys.issuers,
    // No reason for a server not to be ready: whoever has other credentials is served.
    onProblem: (issuer, error) => log.error('an issuer of tokens cannot be used; it is tried again', { issuer, error }),
  })
  const stop = follow(parts, source, 'authentication', async (text) => {
    await configured.update(text)
    return true
  })
  return {
    ...configured,
    close: () => {
      stop()
      configured.close()
    },
  }
}

/** So long a configuration's issuers may take to be found before that counts as a failure; they are looked for on and on. As in the reference. */
const patienceMs = 60_000

/**
 * Takes each later text of a file up; `update` answers whether it changed anything. One that cannot be used changes nothing but what is
 * counted and logged. Like the reference, nothing else that files say is looked at again while the server runs: audit policy, tracing
 * and the connection to a token webhook are its own from start to end.
 */
function follow(
  { log, clock, registry, apiServerId }: IdentityParts,
  source: ConfigurationSource,
  subject: 'authentication' | 'authorization',
  update: (text: string) => Promise<boolean>,
): () => void {
  const metrics = createConfigReloadMetrics({ registry, clock, subject, apiServerId, text: source.text })
  const stays = (error: unknown): void => {
    metrics.failed()
    log.error('a changed configuration cannot be used; the former stays', { subject, error })
  }
  const take = async (text: string): Promise<void> => {
    const forget = clock.schedule(clock.now() + patienceMs, () => stays(new Error('timed out waiting for the issuers to be found')))
    try {
      if (!(await update(text))) return
      metrics.reloaded(text)
      log.info('took a changed configuration up', { subject })
    } catch (error) {
      stays(error)
    } finally {
      forget()
    }
  }
  return source.watch((text) => void take(text), stays)
}

function tokenWebhook({ choices, outbound, clock, random }: IdentityParts, audiences: readonly string[]) {
  if (choices.tokenWebhook === undefined) return []
  const connection = webhookConnection(choices.tokenWebhook, choices.readFile ?? noFile)
  const review = createReviewWebhook({ outbound, connection, clock, random: random.fork('token webhook'), timeoutMs: 10_000 })
  return [createTokenWebhookVerifier({ review, clock, audiences })]
}

/** Keeps the day of a legacy token's last use on its Secret. */
const noteUse =
  ({ internals, log }: IdentityParts) =>
  (secret: Secret, today: string): void => {
    const { name, namespace } = secret.metadata
    const labelled = (present: Secret): Secret => ({
      ...present,
      metadata: { ...present.metadata, labels: { ...present.metadata.labels, [lastUsedLabel]: today } },
    })
    internals
      .update(Secret, name, namespace, (present) => labelled(present as Secret))
      .catch((error: unknown) => log.warn('the use of a token cannot be noted on its Secret', { namespace, name, error }))
  }
