import type { Registry } from '#lib/metrics/registry.ts'
import type { TokenUse } from '../tokens/token-verifier.ts'

/** The reference's `serviceaccount_*`: uses of service-account tokens by their sort. What a token cache answers is no use of its own. */
export function createServiceAccountMetrics(registry: Registry): (use: TokenUse) => void {
  const counter = (name: string, help: string) => registry.counter({ name: `serviceaccount_${name}_total`, help, stability: 'ALPHA' }).of()
  const counters = {
    legacy: counter('legacy_tokens', 'Uses of tokens that Secrets hold.'),
    'legacy-auto': counter('legacy_auto_token_uses', 'Uses of tokens in Secrets that were made unasked.'),
    'legacy-invalid': counter('invalid_legacy_auto_token_uses', 'Uses of tokens in Secrets that were made unasked and are taken no more.'),
    'legacy-manual': counter('legacy_manual_token_uses', 'Uses of tokens in Secrets that somebody asked for.'),
    stale: counter('stale_tokens', 'Uses of projected tokens that should have been replaced by a newer one.'),
    valid: counter('valid_tokens', 'Uses of projected tokens whose life was stretched, within the life that was asked for.'),
  } as const satisfies Record<TokenUse, unknown>
  return (use) => counters[use].inc()
}
