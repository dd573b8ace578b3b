/** Bounds of `maxExpirationSeconds`: an hour, 91 days, and a day with signers of the Kubernetes project. */
export const expirationSeconds = { least: 3600, most: 91 * 86_400, mostOfKubernetes: 86_400 } as const
