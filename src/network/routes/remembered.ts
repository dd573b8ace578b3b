import type { DesiredNetwork } from './desired-network.ts'
import { type Device, type PresentNetwork, type Route, routeProtocol, routeTable, vxlanId, vxlanPort } from './network-state.ts'

/** What is there once the commands of a plan are done, so that the next plan need not look. */
export function remembered(
  desired: DesiredNetwork,
  before: PresentNetwork,
  names: { readonly vxlan: string; readonly bridge: string },
): PresentNetwork {
  const { vxlan, podMtu, bridgeAddresses } = desired
  const others = before.devices
    .filter(({ name }) => name !== names.vxlan)
    .map((device): Device => {
      const isPort = device.bridge === names.bridge
      if (podMtu === undefined || (!isPort && device.name !== names.bridge)) return device
      return {
        ...device,
        mtu: podMtu,
        addresses: isPort || !bridgeAddresses ? device.addresses : device.addresses.filter((one) => bridgeAddresses.includes(one)),
      }
    })
  const tunnel: Device[] = vxlan
    ? [
        {
          name: names.vxlan,
          isUp: true,
          mtu: vxlan.mtu,
          mac: vxlan.mac,
          addresses: vxlan.addresses,
          vxlan: { id: vxlanId, port: vxlanPort, local: vxlan.local, isLearning: false },
        },
      ]
    : []
  const isForeign = ({ protocol, table, device }: Route): boolean =>
    protocol !== routeProtocol && table !== routeTable && device !== names.vxlan
  return {
    devices: [...others, ...tunnel],
    routes: [...before.routes.filter(isForeign), ...desired.routes],
    rules: desired.rules,
    neighbours: desired.neighbours,
    forwarding: desired.forwarding,
  }
}
