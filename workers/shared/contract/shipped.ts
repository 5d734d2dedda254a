import allSources from "../../../contract/all-sources.yaml" with { type: "text" };
import lottery from "../../../contract/lottery.yaml" with { type: "text" };
import mobile from "../../../contract/mobile.yaml" with { type: "text" };
import sensor from "../../../contract/sensor.yaml" with { type: "text" };
import web from "../../../contract/web.yaml" with { type: "text" };

/** A file of a contract, as it is read. */
export type ContractFile = { readonly name: string; readonly text: string };

/** The files of `contract/`, which hold where nobody declares others. The order of sources is the one in which they are listed. */
export const SHIPPED_FILES: readonly ContractFile[] = [
  { name: "lottery.yaml", text: lottery },
  { name: "web.yaml", text: web },
  { name: "mobile.yaml", text: mobile },
  { name: "sensor.yaml", text: sensor },
  { name: "all-sources.yaml", text: allSources },
];
