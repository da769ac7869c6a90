/** One HTTPS request with the runtime's own TLS. Usage: java Get.java HOST */
class Get {
    public static void main(String[] args) throws Exception {
        var connection = new java.net.URL("https://" + args[0] + "/").openConnection();
        connection.setConnectTimeout(8000);
        connection.setReadTimeout(8000);
        connection.getInputStream().readAllBytes();
    }
}
