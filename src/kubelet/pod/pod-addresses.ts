/**
 * A pod's addresses in the order in which the API wants them: that of the node's primary family first, and one of each family at most. A runtime
 * tells them in an order of its own, and a network plug-in may give more.
 */
export function podAddresses(ips: readonly string[], nodeAddresses: readonly string[]): readonly string[] {
  const isV6 = (ip: string): boolean => ip.includes(':')
  const primary = isV6(nodeAddresses[0] ?? '')
  const first = (wanted: boolean): string[] => ips.filter((ip) => isV6(ip) === wanted).slice(0, 1)
  return [...first(primary), ...first(!primary)]
}
