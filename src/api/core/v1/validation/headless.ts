import type { ServiceSpec } from '#api/core/v1/types.ts'

/** A service that has no address of its own: its name leads to its endpoints. */
export const isHeadless = ({ clusterIPs = [], clusterIP }: ServiceSpec): boolean =>
  clusterIPs.length === 0 ? clusterIP === 'None' : clusterIPs.length === 1 && clusterIPs[0] === 'None'
