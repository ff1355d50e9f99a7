using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace NormKit.Cli.Tests;

/// <summary>normkit lab: the server, with a small folder in place of the page.</summary>
public sealed class LabTests : IDisposable
{
    private const string Page = "<!DOCTYPE html><title>page</title>", Script = "export const one = 1;", Compressed = "stands for compressed bytes", Secret = "not for others";

    private readonly Workplace work = new();
    private readonly CancellationTokenSource stop = new();
    private readonly StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
    private readonly HttpClient client = new();
    private readonly Task serving;
    private readonly Uri address;

    public LabTests()
    {
        File.WriteAllText(work["secret.txt"], Secret);
        Directory.CreateDirectory(Path.Combine(Folder, "js"));
        foreach ((string name, string text) in ((string, string)[])
            [("index.html", Page), ("js/app.js", Script), ("js/app.js.br", Compressed), ("run.wasm", "wasm"), ("lab.css", "css"), ("icon.svg", "svg"), ("boot.json", "{}"), ("a b+c.dat", "data")])
        {
            File.WriteAllText(Path.Combine(Folder, name), text);
        }
        TaskCompletionSource<string> opened = new();
        serving = Task.Run(() => LabCommand.Serve(Folder, null, opened.TrySetResult, new ToolOutput(output, error), stop.Token), TestContext.Current.CancellationToken);
        Task.WaitAny([serving, opened.Task], TestContext.Current.CancellationToken);
        address = new(opened.Task.IsCompleted ? opened.Task.Result : throw serving.Exception!);
        client.BaseAddress = address;
    }

    private string Folder => work["page"];

    public void Dispose()
    {
        stop.Cancel();
        serving.Wait();
        client.Dispose();
        stop.Dispose();
        output.Dispose();
        error.Dispose();
        work.Dispose();
    }

    [Theory]
    [InlineData("", "text/html; charset=utf-8", Page)]
    [InlineData("?v=1", "text/html; charset=utf-8", Page)]
    [InlineData("js/app.js", "text/javascript; charset=utf-8", Script)]
    [InlineData("run.wasm", "application/wasm", "wasm")]
    [InlineData("lab.css", "text/css; charset=utf-8", "css")]
    [InlineData("icon.svg", "image/svg+xml", "svg")]
    [InlineData("boot.json", "application/json", "{}")]
    [InlineData("a%20b+c.dat", "application/octet-stream", "data")]
    public async Task Get_AFile_SendsItWithItsType(string path, string type, string content)
    {
        using HttpResponseMessage response = await client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, response.Content.Headers.ContentType?.ToString()));
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.Equal(content, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("br", true)]
    [InlineData("gzip, deflate, br", true)]
    [InlineData("gzip", false)]
    [InlineData("br;q=0", false)]
    [InlineData("zebra", false)]
    public async Task Get_AFileWithACompressedOneBesideIt_SendsThatWhereItIsAccepted(string accepted, bool isCompressed)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "js/app.js");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(isCompressed ? ["br"] : [], response.Content.Headers.ContentEncoding);
        Assert.Equal("text/javascript", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(isCompressed ? Compressed : Script, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Contains("Accept-Encoding", response.Headers.Vary);
    }

    [Fact]
    public async Task Head_SendsTheLengthAndNoBody()
    {
        using HttpRequestMessage request = new(HttpMethod.Head, "js/app.js");
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        HttpContentHeaders headers = response.Content.Headers;
        Assert.Equal((HttpStatusCode.OK, "text/javascript", Script.Length), (response.StatusCode, headers.ContentType?.MediaType, headers.ContentLength));
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("POST"), InlineData("PUT"), InlineData("DELETE"), InlineData("OPTIONS"), InlineData("PATCH")]
    public async Task AnotherMethod_IsNotAllowed(string method)
    {
        using HttpRequestMessage request = new(new(method), "index.html") { Content = new StringContent("text") };
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow.Order());
        Assert.Equal(Page, await File.ReadAllTextAsync(Path.Combine(Folder, "index.html"), TestContext.Current.CancellationToken));
    }

    /// <summary>The path goes over the wire as it stands here: an HTTP client would take the dots out.</summary>
    [Theory]
    [InlineData("/../secret.txt"), InlineData("/%2e%2e/secret.txt"), InlineData("/..%2fsecret.txt"), InlineData("/js/../../secret.txt"), InlineData(@"/..\secret.txt"), InlineData("/%5c..%5csecret.txt")]
    [InlineData("//etc/passwd"), InlineData("/index.html/"), InlineData("/INDEX.html"), InlineData("/js"), InlineData("/js/"), InlineData("/%00"), InlineData("/index.html%00"), InlineData("/missing.js")]
    public async Task Get_APathThatIsNoFileOfTheFolder_IsNotFound(string path)
    {
        string answer = await Raw($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\n\r\n");
        Assert.Matches("^HTTP/1.1 40[04] ", answer);
        Assert.DoesNotContain(Secret, answer, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil.example"), InlineData("evil.example:{port}"), InlineData("127.0.0.1.evil.example:{port}"), InlineData("localhost:{port}"), InlineData("127.0.0.1:1"), InlineData("")]
    public async Task Get_UnderAnotherName_IsRefused(string host)
    {
        string answer = await Raw($"GET / HTTP/1.1\r\nHost: {host.Replace("{port}", $"{address.Port}", StringComparison.Ordinal)}\r\nConnection: close\r\n\r\n");
        Assert.Matches("^HTTP/1.1 40[04] ", answer);
        Assert.DoesNotContain(Page, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_AfterRequestsThatBreakOff_StillAnswers()
    {
        for (int count = 0; count < 20; count++)
        {
            using TcpClient broken = new();
            await broken.ConnectAsync(IPAddress.Loopback, address.Port, TestContext.Current.CancellationToken);
            await broken.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /js/app.js HT"), TestContext.Current.CancellationToken);
        }
        Assert.Equal(Page, await client.GetStringAsync("", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Server_ListensOnTheLoopbackAddressOnly()
    {
        IPAddress[] others = [.. (await Dns.GetHostAddressesAsync(Dns.GetHostName(), AddressFamily.InterNetwork, TestContext.Current.CancellationToken)).Where(own => !IPAddress.IsLoopback(own))];
        Assert.SkipWhen(others.Length == 0, "This machine has no address but the loopback one.");
        foreach (IPAddress other in others)
        {
            using TcpClient outside = new();
            await Assert.ThrowsAnyAsync<SocketException>(async () => await outside.ConnectAsync(other, address.Port, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void Output_NamesTheAddressAndTheWayOut()
    {
        Assert.Equal(("127.0.0.1", "/"), (address.Host, address.AbsolutePath));
        Assert.Equal($"The lab is at {address}\nPress Ctrl+C to end it.\n", output.ToString());
        Assert.Equal("", error.ToString());
    }

    [Fact]
    public void Serve_WithoutABrowser_SaysSo()
    {
        using StringWriter said = new(), note = new() { NewLine = "\n" };
        LabCommand.Serve(Folder, null, _ => false, new ToolOutput(said, note), new CancellationToken(canceled: true));
        Assert.Equal("normkit: note: no browser could be opened here; open the address yourself.\n", note.ToString());
    }

    [Fact]
    public void Serve_OnAPortInUse_IsRefused()
    {
        UsageException refusal = Assert.Throws<UsageException>(() => LabCommand.Serve(Folder, address.Port, null, new ToolOutput(output, error), stop.Token));
        Assert.Matches($"^port {address.Port} of 127.0.0.1 cannot be used: [^\n]+ Give another with --port, or leave --port out for a free one.$", refusal.Message);
    }

    [Theory]
    [InlineData("0"), InlineData("65536"), InlineData("-1"), InlineData("http")]
    public void Lab_WrongPort_IsRefusedInOneLine(string port) =>
        Assert.Contains($"--port '{port}' is not a whole number from 1 to 65535", Workplace.Run("lab", "--port", port).Refusal(), StringComparison.Ordinal);

    private async Task<string> Raw(string request)
    {
        using TcpClient connection = new();
        await connection.ConnectAsync(IPAddress.Loopback, address.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using StreamReader reader = new(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
