declare module "*.yaml" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the bundler's text loader exports the file's text as default
  export default text;
}
