import type { Counter, Registry } from '#lib/metrics/registry.ts'

/** Who came in, and whether they were let in. */
export interface AccessMetrics {
  authenticated(result: 'success' | 'failure' | 'error', seconds: number, user: string): void
  authorized(result: 'allowed' | 'denied' | 'error', seconds: number): void
}

/** Registers the reference's `authenticated_user_requests`, `authentication_*` and `authorization_*`. */
export function createAccessMetrics(registry: Registry): AccessMetrics {
  const buckets = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384]
  const users = registry.counter({
    name: 'authenticated_user_requests',
    help: 'Authenticated requests, by user; those that are not of the system are counted together.',
    stability: 'ALPHA',
    labels: ['username'],
  })
  const counted = (name: string, help: string) => registry.counter({ name, help, stability: 'ALPHA', labels: ['result'] })
  const timed = (name: string, help: string) => registry.histogram({ name, help, stability: 'ALPHA', labels: ['result'], buckets })
  const authentications = pairs(
    counted('authentication_attempts', 'Attempts to authenticate, by result.'),
    timed('authentication_duration_seconds', 'How long authentication took, by result.'),
  )
  const authorizations = pairs(
    counted('authorization_attempts_total', 'Attempts to authorize, by result.'),
    timed('authorization_duration_seconds', 'How long authorization took, by result.'),
  )
  const byUser = new Map<string, Counter>()
  return {
    authenticated(result, seconds, user) {
      authentications(result, seconds)
      if (result !== 'success') return
      const name = shortName(user)
      let counter = byUser.get(name)
      if (counter === undefined) byUser.set(name, (counter = users.of(name)))
      counter.inc()
    },
    authorized: authorizations,
  }
}

interface Observed {
  of(result: string): { observe(value: number): void }
}
interface Counted {
  of(result: string): Counter
}

function pairs(attempts: Counted, durations: Observed): (result: string, seconds: number) => void {
  const known = new Map<string, { readonly count: Counter; readonly duration: { observe(value: number): void } }>()
  return (result, seconds) => {
    let series = known.get(result)
    if (series === undefined) known.set(result, (series = { count: attempts.of(result), duration: durations.of(result) }))
    series.count.inc()
    series.duration.observe(seconds)
  }
}

/** There are as many service accounts and nodes as somebody likes: only the system's own few are told apart. */
const shortName = (user: string): string =>
  user === 'admin' || user === 'kubernetes-admin' || user === 'system:apiserver' ? user : 'other'
