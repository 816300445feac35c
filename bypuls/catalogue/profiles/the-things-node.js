// Battery in mV, light in lux, temperature in hundredths of a degree: two bytes each, the highest first.
function decodeUplink(input) {
  var wokenBy = { 1: "setup", 2: "interval", 3: "motion", 4: "button" };
  var bytes = input.bytes;
  if (bytes.length !== 6) {
    return { errors: ["a frame of The Things Node has 6 bytes, this one " + bytes.length] };
  }
  function unsigned(at) {
    return bytes[at] * 256 + bytes[at + 1];
  }
  var hundredths = unsigned(4);
  return {
    data: {
      event: wokenBy[input.fPort],
      battery: unsigned(0),
      light: unsigned(2),
      temperature: (hundredths > 32767 ? hundredths - 65536 : hundredths) / 100,
    },
  };
}
