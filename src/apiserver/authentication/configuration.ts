import { bool, field, list, message, type Of, string } from '#schema/schema.ts'

/** The types of `AuthenticationConfiguration` of apiserver.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */

const PrefixedClaimOrExpression = message('apiserver.config.v1.PrefixedClaimOrExpression', {
  claim: field(1, string()),
  prefix: field(2, string(), { pointer: true }),
  expression: field(3, string()),
})
/** How a name or groups come out of a token: a claim with a prefix before it, or an expression. */
export type PrefixedClaimOrExpression = Of<typeof PrefixedClaimOrExpression>

const JWTAuthenticator = message('apiserver.config.v1.JWTAuthenticator', {
  issuer: field(
    1,
    message('apiserver.config.v1.Issuer', {
      url: field(1, string()),
      discoveryURL: field(2, string(), { pointer: true }),
      certificateAuthority: field(3, string()),
      audiences: field(4, list(string())),
      audienceMatchPolicy: field(5, string()),
      egressSelectorType: field(6, string()),
    }),
    { always: true },
  ),
  claimValidationRules: field(
    2,
    list(
      message('apiserver.config.v1.ClaimValidationRule', {
        claim: field(1, string()),
        requiredValue: field(2, string()),
        expression: field(3, string()),
        message: field(4, string()),
      }),
    ),
  ),
  claimMappings: field(
    3,
    message('apiserver.config.v1.ClaimMappings', {
      username: field(1, PrefixedClaimOrExpression, { always: true }),
      groups: field(2, PrefixedClaimOrExpression, { always: true }),
      uid: field(3, message('apiserver.config.v1.ClaimOrExpression', { claim: field(1, string()), expression: field(2, string()) }), {
        always: true,
      }),
      extra: field(4, list(message('apiserver.config.v1.ExtraMapping', { key: field(1, string()), valueExpression: field(2, string()) }))),
    }),
    { always: true },
  ),
  userValidationRules: field(
    4,
    list(message('apiserver.config.v1.UserValidationRule', { expression: field(1, string()), message: field(2, string()) })),
  ),
})
/** How tokens of one issuer are verified, and made into users. */
export type JWTAuthenticator = Of<typeof JWTAuthenticator>

/** Who may ask, beside those who always may: issuers of tokens, and requests without credentials. */
export const AuthenticationConfiguration = message('apiserver.config.v1.AuthenticationConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  jwt: field(1, list(JWTAuthenticator)),
  anonymous: field(
    2,
    message('apiserver.config.v1.AnonymousAuthConfig', {
      enabled: field(1, bool()),
      conditions: field(2, list(message('apiserver.config.v1.AnonymousAuthCondition', { path: field(1, string()) }))),
    }),
    { pointer: true },
  ),
})
/** The whole file: issuers of tokens, and who may ask without credentials. */
export type AuthenticationConfiguration = Of<typeof AuthenticationConfiguration>
