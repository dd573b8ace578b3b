import type { ServiceHost } from '../host.ts'

/** A machine on which everything works and nothing is done: tests replace what they look at. */
export const serviceHost: ServiceHost = {
  async nft() {},
  stickyClients: async () => [],
  hasRules: async () => true,
  listRules: async () => '',
  forgetFlows: async () => 0,
  addresses: () => [],
  serveHttp: async () => ({ async close() {} }),
}
